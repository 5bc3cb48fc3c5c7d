"""The scale of a training set's scores."""

import math

import pytest

from hardneg.core.errors import DataError
from hardneg.core.records import Example, Scored
from hardneg.runs.score_scales import scaled


def example(*scores):
    first, *others = (Scored(f"d{place}", "", "text", score) for place, score in enumerate(scores))
    return Example("q", "query", [first], others)


def values(found):
    return [doc.score for doc in (*found.positives, *found.negatives)]


def test_raw_is_as_it_is():
    given = example(3, 1)
    assert scaled(given, "raw") is given


def test_probabilities_are_the_sigmoid():
    assert values(scaled(example(0, math.log(3), -1000), "probabilities")) == pytest.approx([0.5, 0.75, 0])


def test_logits_take_probabilities_back():
    assert values(scaled(example(0.5, 0.75), "logits")) == pytest.approx([0, math.log(3)])
    assert values(scaled(example(1, 0), "logits")) == pytest.approx([13.8155, -13.8155], abs=1e-3)
    with pytest.raises(
        DataError, match=r"^select\.scores=logits needs scores that are probabilities, found 3"
    ):
        scaled(example(0.5, 3), "logits")


def test_z_scores_are_of_the_example():
    assert values(scaled(example(1, 2, 3), "z-scores")) == pytest.approx([-1.2247, 0, 1.2247], abs=1e-4)
    assert values(scaled(example(2, 2), "z-scores")) == [0, 0]
    assert math.isnan(values(scaled(example(2, math.nan), "z-scores"))[1])
