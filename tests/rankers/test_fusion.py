"""Fusions computed by hand."""

import numpy as np
import pytest

from hardneg.rankers.fusion import FUSIONS, minmax, rrf, zscore

FIRST = np.array([[1, 2, 0]], np.int32)
SECOND = np.array([[2, 0, 1]], np.int32)
SCORES = [np.array([[4.0, 2.0, 9.0]], np.float32), np.array([[1.0, 7.0, 3.0]], np.float32)]


def test_rrf_sums_reciprocal_ranks():
    expected = [1 / 61 + 1 / 62, 1 / 62, 1 / 61]
    assert rrf([FIRST, SECOND], SCORES)[0] == pytest.approx(expected)


def test_minmax_scales_each_list_and_gives_nothing_to_the_unlisted():
    # First list: 4 -> 1, 2 -> 0. Second list: 1 -> 0, 3 -> 1.
    assert minmax([FIRST, SECOND], SCORES)[0].tolist() == [1.0, 0.0, 1.0]


def test_minmax_of_equal_scores_is_one():
    assert minmax([FIRST], [np.full((1, 3), 5.0, np.float32)])[0].tolist() == [1.0, 1.0, 0.0]


def test_zscore_gives_the_unlisted_the_lowest():
    # Both lists have deviation 1: first 4 -> 1, 2 -> -1, unlisted -1; second 1 -> -1, 3 -> 1, unlisted -1.
    assert zscore([FIRST, SECOND], SCORES)[0].tolist() == [0.0, -2.0, 0.0]


@pytest.mark.parametrize("name", sorted(FUSIONS))
def test_an_empty_list_counts_for_nothing(name):
    empty = np.zeros((1, 3), np.int32)
    fused = FUSIONS[name]([FIRST, empty], SCORES)
    assert np.isfinite(fused).all()
    assert np.argsort(-fused[0], kind="stable")[0] == 0
