"""The negatives of a run as columns, and how hard they are."""

import numpy as np
import pytest

from hardneg import Recipe, mine
from hardneg.auditing.calibrated_candidates import with_calibration
from hardneg.auditing.negatives import Negatives, hardness
from hardneg.mining.miner import Reselector
from hardneg.testing import FakeRanker, collection
from tests.auditing.few import negatives

NAN = float("nan")


def test_hardness_is_mean_score_median_margin_and_mean_rank():
    # margins of half of 1, of -0.4 / 0.5 and of 0.1 / 0.4: -0.8, 0.25, 0.5
    found = hardness(np.array([0.5, 0.9, 0.3]), np.array([1.0, 0.5, 0.4]), np.array([2, 0, 4], np.int32))
    assert found == {"score": pytest.approx(1.7 / 3, abs=1e-5), "relative_margin": 0.25, "rank": 3.0}


def test_the_margin_below_a_negative_anchor_is_above_zero():
    assert hardness(np.array([-1.0]), np.array([-0.5]), np.array([1]))["relative_margin"] == 1.0


def test_what_is_not_finite_does_not_count_and_nothing_is_none():
    found = hardness(np.array([NAN, 0.5]), np.array([1.0, 0.0]), np.array([0, 0]))
    assert found == {"score": 0.5, "relative_margin": None, "rank": None}
    nothing = np.array([])
    assert hardness(nothing, nothing, nothing) == dict.fromkeys(["score", "relative_margin", "rank"])


def test_the_mean_probability_is_that_of_the_members_with_an_interval_over_queries():
    found = negatives([0.1, 0.3, 0.9, NAN], queries=[0, 0, 1, 1])
    mean, low, high = found.mean_probability(np.array([True, True, False, False]))
    assert mean == low == high == pytest.approx(0.2), "of one query there is no spread"
    mean, low, high = found.mean_probability(np.array([True, True, True, False]))
    assert mean == pytest.approx(1.3 / 3) and (low, high) == pytest.approx((0.2, 0.9))


def test_their_own_hardness():
    found = negatives([0.1, 0.2], score=[0.5, 0.25], anchor=[1.0, 1.0], rank=[1, 4])
    assert found.hardness() == {"score": 0.375, "relative_margin": 0.625, "rank": 2.5} and len(found) == 2


def test_the_negatives_of_a_run_are_those_of_its_ledger():
    documents = {name: f"text of {name}" for name in "abcd"}
    mined = collection(documents, {"q": "one", "r": "two"}, [("q", "a", 1), ("r", "d", 1)])
    near = FakeRanker([[0.9, 0.5, 0.8, 0.1], [0.7, 0.6, 0.1, 0.9]])
    far = FakeRanker([[9.0, 8.0, 1.0, 2.0], [9.5, 7.0, 2.0, 9.0]])
    recipe = Recipe.build({
        "name": "few", "rank": {"rankers": [near, far], "order": "scorer"}, "select": {"negatives": 1},
        "format": "jsonl",
    })  # fmt: skip
    run = mine(mined, recipe)
    reselector = Reselector(mined, with_calibration(recipe), run.ledger, {})
    reselector.calibrate()
    found = Negatives.of(reselector)
    # q: c, which the first ranker puts second and the other last; r: a, second and first
    assert found.ids == (("q", "c"), ("r", "a"))
    assert found.query.tolist() == [0, 1] and found.doc.tolist() == [2, 0]
    assert found.score.tolist() == pytest.approx([0.8, 0.7]) and found.anchor.tolist() == pytest.approx(
        [0.9, 0.9]
    )
    assert found.rank.tolist() == [2, 2]
    assert [found.rankers[leader] for leader in found.leader] == list(run.info["rankers"])
    assert not found.estimable and found.labelled == 2 and np.isnan(found.probability).all()
