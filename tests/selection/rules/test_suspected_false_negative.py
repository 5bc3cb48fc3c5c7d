"""The rule that reads probabilities."""

import numpy as np
import pytest

from hardneg.core.components import RULES
from hardneg.core.errors import ConfigError
from hardneg.selection.rules.suspected_false_negative import SuspectedFalseNegative
from tests.selection.blocks import NAN, block, kept

PROBABILITY = np.array([[0.5, 0.03, 0.01, NAN, NAN]], np.float32)
SCORES = [[0.1, 0.9, 0.9, 0.76, 0.75]]


def test_improbable_ones_are_kept_and_a_margin_stands_in_for_what_is_not_known():
    rule = SuspectedFalseNegative(maximum=0.03, otherwise=0.25)
    assert kept(rule, block(SCORES, [1.0], probability=PROBABILITY)) == [[False, True, True, False, True]]


def test_without_calibration_it_is_the_relative_margin():
    rule = SuspectedFalseNegative(otherwise=0.25)
    assert kept(rule, block(SCORES, [1.0])) == [[True, False, False, False, True]]
    assert kept(SuspectedFalseNegative(otherwise=None), block(SCORES, [1.0])) == [[True] * 5]


def test_votes_refuse_what_several_validators_suspect():
    votes = np.array([[0, 1, 2, 0, 2]], np.int16)
    rule = SuspectedFalseNegative(maximum=1, otherwise=None, votes=2)
    candidates = block(SCORES, [1.0], probability=PROBABILITY, votes=votes)
    assert kept(rule, candidates) == [[True, True, False, True, False]]
    assert kept(SuspectedFalseNegative(maximum=1, otherwise=None), candidates) == [[True] * 5]


def test_deeper_is_always_of_use():
    assert SuspectedFalseNegative().useful_deeper(block([[0.1], [0.1]], [NAN, 1.0])).tolist() == [True, True]


@pytest.mark.parametrize("given", [{"maximum": 1.5}, {"maximum": -0.1}, {"votes": 0}])
def test_a_probability_is_between_0_and_1_and_no_vote_is_no_reason(given):
    with pytest.raises(ConfigError, match=next(iter(given))):
        RULES.make({"suspected-false-negative": given})
