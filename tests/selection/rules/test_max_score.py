"""The highest score that is kept."""

from hardneg.selection.rules.max_score import MaxScore
from tests.selection.blocks import NAN, block, kept


def test_it_keeps_the_bound_itself():
    assert kept(MaxScore(0.5), block([[0.6, 0.5, 0.4]], [0.9])) == [[False, True, True]]


def test_the_bound_is_that_of_32_bits():
    # 0.1 in 32 bits is a little more than in 64, so that as a score it would be above its own bound
    assert kept(MaxScore(0.7), block([[0.7]], [0.9])) == [[True]]
    assert kept(MaxScore(0.1), block([[0.1]], [0.9])) == [[True]]


def test_it_needs_no_anchor_but_a_score():
    assert kept(MaxScore(0.5), block([[NAN, 0.1]], [NAN])) == [[False, True]]


def test_it_reads_the_ranker_that_it_names():
    candidates = block([[0.9, 0.1]], [0.9])
    candidates.scores["bm25"] = 10 * (1 - candidates.scores["dense"])
    assert kept(MaxScore(5.0, by="bm25"), candidates) == [[True, False]]


def test_deeper_is_always_of_use():
    assert MaxScore(0.5).useful_deeper(block([[0.9], [NAN]], [0.9, NAN])).tolist() == [True, True]
