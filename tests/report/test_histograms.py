"""Counts over values, by hand."""

import numpy as np
import pytest

from hardneg.report.columns import Histogram, Histogram2D

GROUPS = ("a", "b")


def test_values_are_counted_by_bin_and_group():
    found = Histogram(0.0, 1.0, GROUPS, bins=4)
    found.add(np.array([0.0, 0.24, 0.25, 0.99, 1.0, np.nan]), np.array([0, 0, 1, 1, 1, 0], np.int8))
    assert found.counts.tolist() == [[2, 0, 0, 0], [0, 1, 0, 2]]
    assert found.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert found.total == 5


def test_what_lies_outside_counts_in_the_outermost_bins():
    found = Histogram(0.0, 1.0, GROUPS, bins=2)
    found.add(np.array([-7.0, 9.0, np.inf]), np.zeros(3, np.int8))
    assert found.counts[0].tolist() == [1, 2]


def test_shares_add_up_to_one_and_leave_empty_groups_out():
    found = Histogram(0.0, 1.0, GROUPS, bins=2)
    found.add(np.array([0.1, 0.2, 0.9, 0.6]), np.ones(4, np.int8))
    assert {name: share.tolist() for name, share in found.shares().items()} == {"b": [0.5, 0.5]}


def test_a_range_of_nothing_still_has_bins():
    found = Histogram(3.0, 3.0, GROUPS, bins=2)
    found.add(np.array([3.0]), np.zeros(1, np.int8))
    assert found.counts[0].tolist() == [1, 0]


@pytest.mark.parametrize("missing", ["x", "y"])
def test_a_grid_counts_pairs_that_are_whole(missing):
    found = Histogram2D(0.0, 1.0, 2, 0.0, 1.0, 2)
    x, y = np.array([0.1, 0.9, 0.9]), np.array([0.9, 0.9, 0.1])
    (x if missing == "x" else y)[0] = np.nan
    found.add(x, y)
    assert found.counts.tolist() == [[0, 0], [1, 1]]
