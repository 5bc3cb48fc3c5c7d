"""A draw from the whole range of scores."""

import numpy as np

from hardneg.core.components import DRAWS
from hardneg.selection.draws.stratified import Stratified
from hardneg.testing import check_draw
from tests.selection.blocks import NAN, block

SCORES = [9.0, 8.0, 7.0, 6.0, 3.0, 2.0, NAN, 1.0]


def drawn(draw, scores=SCORES, noise=None):
    """Returns the scores in the order in which they are drawn; by default chance prefers the first."""
    noise = np.linspace(0.9, 0.1, len(scores)) if noise is None else noise
    [priority] = draw.priority(block([scores], [9.0]), np.array([noise], np.float32))
    order = np.argsort(-priority, kind="stable")[: int((~np.isnan(priority)).sum())]
    return [scores[place] for place in order]


def test_one_of_each_quantile_then_a_second():
    assert drawn(Stratified(strata=2)) == [9, 3, 8, 2, 7, 1, 6]
    assert drawn(Stratified(strata=7)) == [9, 8, 7, 6, 3, 2, 1]


def test_within_a_stratum_chance_decides():
    noise = [0.1, 0.2, 0.9, 0.3, 0.1, 0.9, 0.5, 0.2]
    assert drawn(Stratified(strata=2), noise=noise)[:2] == [7, 2]


def test_parts_of_the_range_may_be_empty():
    assert drawn(Stratified(strata=2, of="scores"))[:2] == [9, 3]
    assert drawn(Stratified(strata=4, of="scores"), [9, 8.5, 8.4, 1]) == [9, 1, 8.5, 8.4]


def test_equal_scores_are_one_part():
    assert drawn(Stratified(strata=3, of="scores"), [5, 5, 5]) == [5, 5, 5]


def test_as_many_strata_as_negatives_unless_set():
    assert Stratified().for_count(7).strata == 7 and Stratified(strata=3).for_count(7).strata == 3
    assert DRAWS.make("top").for_count(7) == DRAWS.make("top")


def test_the_contract():
    check_draw("stratified")
