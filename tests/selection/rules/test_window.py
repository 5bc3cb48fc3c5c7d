"""Ranks from the first to the last."""

import pytest

from hardneg.core.components import RULES
from hardneg.core.errors import ConfigError
from hardneg.selection.rules.window import Window
from tests.selection.blocks import NAN, block, kept


def test_ranks_count_from_one_and_both_ends_are_in():
    assert kept(Window(2, 3), block([[4.0, 3.0, 2.0, 1.0]], [9.0])) == [[False, True, True, False]]


def test_it_may_have_no_end():
    assert kept(Window(2), block([[4.0, 3.0, 2.0]], [9.0])) == [[False, True, True]]


def test_it_ranks_by_the_named_ranker():
    assert kept(Window(1, 1, by="dense"), block([[1.0, 3.0, 2.0]], [9.0])) == [[False, True, False]]


def test_equal_scores_rank_in_their_order_and_no_score_is_no_rank():
    assert kept(Window(2, 2, by="dense"), block([[3.0, 3.0, NAN]], [9.0])) == [[False, True, False]]
    assert kept(Window(by="dense"), block([[3.0, 3.0, NAN]], [9.0])) == [[True, True, False]]


def test_deeper_is_of_use_until_its_end_is_reached():
    candidates = block([[4.0, 3.0]], [9.0])
    assert Window(1, 3).useful_deeper(candidates).tolist() == [True]
    assert Window(1, 2).useful_deeper(candidates).tolist() == [False]
    assert Window(1).useful_deeper(candidates).tolist() == [True]


def test_it_needs_the_ranks_up_to_its_end():
    assert (Window(3, 20).needed_depth(), Window(3).needed_depth()) == (20, 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"first": 0}, "first counts from 1, found 0"),
        ({"first": 5, "last": 4}, r"last \(4\) is before first \(5\)"),
    ],
)
def test_ends_that_hold_nothing_are_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        RULES.make({"window": given})
    assert Window(5, 5).needed_depth() == 5
