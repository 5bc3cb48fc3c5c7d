"""The lowest score that is kept."""

import numpy as np

from hardneg.selection.rules.min_score import MinScore
from tests.selection.blocks import NAN, block, kept


def test_it_keeps_the_bound_itself():
    assert kept(MinScore(0.5), block([[0.6, 0.5, 0.4]], [0.9])) == [[True, True, False]]


def test_the_bound_is_that_of_32_bits():
    # 0.7 in 32 bits is a little less than in 64, so that as a score it would be below its own bound
    assert kept(MinScore(0.7), block([[0.7]], [0.9])) == [[True]]
    assert kept(MinScore(0.1), block([[0.1]], [0.9])) == [[True]]


def test_it_needs_no_anchor_but_a_score():
    assert kept(MinScore(0.5), block([[NAN, 0.9]], [NAN])) == [[False, True]]


def test_deeper_is_of_no_use_once_something_fails():
    rule = MinScore(0.5)
    assert rule.useful_deeper(block([[0.6, 0.5], [0.6, 0.4]], [0.9, 0.9])).tolist() == [True, False]


def test_what_has_no_score_or_was_not_retrieved_does_not_end_the_search():
    rule = MinScore(0.5)
    assert rule.useful_deeper(block([[0.6, NAN]], [0.9])).tolist() == [True]
    candidates = block([[0.6, 0.4]], [0.9])
    candidates.ranks[:] = np.array([[1, 0]])  # a positive that no ranker retrieved
    assert rule.useful_deeper(candidates).tolist() == [True]
