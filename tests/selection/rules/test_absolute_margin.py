"""A margin in the ranker's unit below the anchor score."""

from hardneg.selection.rules.absolute_margin import AbsoluteMargin
from tests.selection.blocks import NAN, block, kept


def test_it_is_measured_from_the_anchor_and_keeps_the_bound_itself():
    assert kept(AbsoluteMargin(0.25), block([[0.8, 0.75, 0.5]], [1.0])) == [[False, True, True]]


def test_every_query_has_its_own_anchor():
    # 0.9 - 0.05 = 0.85 and 0.5 - 0.05 = 0.45
    candidates = block([[0.86, 0.84, 0.4]] * 2, [0.9, 0.5])
    assert kept(AbsoluteMargin(), candidates) == [[False, True, True], [False, False, True]]


def test_it_goes_further_below_a_negative_anchor():
    assert kept(AbsoluteMargin(0.5), block([[-1.0, -1.25, -1.5]], [-1.0])) == [[False, False, True]]


def test_a_negative_margin_lets_candidates_above_the_anchor_in():
    assert kept(AbsoluteMargin(-0.25), block([[1.5, 1.25, 1.0]], [1.0])) == [[False, True, True]]


def test_a_missing_score_or_anchor_lets_nothing_through():
    assert kept(AbsoluteMargin(), block([[NAN, 0.1]], [0.9])) == [[False, True]]
    assert kept(AbsoluteMargin(), block([[0.1, 0.2]], [NAN])) == [[False, False]]


def test_deeper_is_of_no_use_without_an_anchor():
    assert AbsoluteMargin().useful_deeper(block([[0.9], [0.1]], [0.5, NAN])).tolist() == [True, False]
