"""A margin as a fraction of the anchor score."""

from hardneg.selection.rules.relative_margin import RelativeMargin
from tests.selection.blocks import NAN, block, kept


def test_it_is_a_percentage_of_a_positive_anchor():
    # 95 % of 0.9 is 0.855
    assert kept(RelativeMargin(0.05), block([[0.9, 0.86, 0.85]], [0.9])) == [[False, False, True]]


def test_it_keeps_the_bound_itself():
    assert kept(RelativeMargin(0.25), block([[0.5, 0.375, 0.25]], [0.5])) == [[False, True, True]]


def test_it_stays_below_a_negative_anchor():
    # 25 % of |-0.5| below -0.5 is -0.625; a plain product would let -0.4 in.
    assert kept(RelativeMargin(0.25), block([[-0.4, -0.5, -0.625]], [-0.5])) == [[False, False, True]]


def test_of_an_anchor_of_zero_any_share_is_zero():
    assert kept(RelativeMargin(0.25), block([[0.1, 0.0, -0.1]], [0.0])) == [[False, True, True]]


def test_every_query_has_its_own_anchor():
    candidates = block([[0.8, 0.3], [0.8, 0.3]], [1.0, 0.5])
    assert kept(RelativeMargin(0.1), candidates) == [[True, True], [False, True]]


def test_a_missing_score_or_anchor_lets_nothing_through():
    assert kept(RelativeMargin(), block([[NAN, 0.1]], [0.9])) == [[False, True]]
    assert kept(RelativeMargin(), block([[0.1, 0.2]], [NAN])) == [[False, False]]


def test_deeper_is_of_no_use_without_an_anchor():
    assert RelativeMargin().useful_deeper(block([[0.9], [0.1]], [0.5, NAN])).tolist() == [True, False]
