"""Several teachers' scores as one."""

import numpy as np
import pytest

from hardneg.selection.combining import combined
from tests.selection.blocks import NAN, block

FIRST, SECOND = [4.0, 2.0, 0.0, NAN], [10.0, 30.0, 20.0, 40.0]


def both():
    one, two = block([FIRST], [9.0]), block([SECOND], [9.0])
    [name] = one.scores
    scores = {"a": one.scores[name], "b": two.scores[name]}
    return combined_block(one, scores)


def combined_block(one, scores):
    from dataclasses import replace

    return replace(one, scores=scores, scorer="a")


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("mean", [7, 16, 10, NAN]),
        ("min", [4, 2, 0, NAN]),
        # a: mean 2, deviation 1.633; b: mean 25, deviation 11.180
        ("zscore", [(1.2247 - 1.3416) / 2, (0 + 0.4472) / 2, (-1.2247 - 0.4472) / 2, NAN]),
    ],
)
def test_scores_become_one(how, wanted):
    found = combined(both(), how, ("a", "b"))
    np.testing.assert_allclose(found.scores[how][0], wanted, atol=1e-4)
    assert (found.scorer, found.order) == (how, how) and {*found.scores} == {"a", "b", how}


def test_other_ensembles_leave_candidates_as_they_are():
    candidates = both()
    assert combined(candidates, "cross-sample", ("a", "b")) is candidates
