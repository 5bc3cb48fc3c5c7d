"""The rule that keeps the expected share of false negatives among the chosen below a rate."""

import numpy as np
import pytest

from hardneg.core.components import RULES
from hardneg.core.errors import ConfigError
from hardneg.selection.rules.false_negative_rate import FalseNegativeRate
from tests.selection.blocks import NAN, block, kept

PROBABILITY = np.array([[0.5, 0.03, 0.01, NAN, NAN]], np.float32)
SCORES = [[0.1, 0.9, 0.9, 0.76, 0.75]]


def test_what_is_at_most_the_bound_is_kept_and_a_margin_stands_in_for_what_is_not_known():
    candidates = block(SCORES, [1.0], probability=PROBABILITY)
    rule = FalseNegativeRate(0.05, otherwise=0.25, bound=0.02)
    assert kept(rule, candidates) == [[False, False, True, False, True]]
    assert kept(FalseNegativeRate(0.05, otherwise=0.25), candidates) == [[False, True, True, False, True]]


def test_the_bound_is_the_highest_whose_negatives_keep_the_rate():
    # negatives chosen by a bound have half of it on average
    fitted = FalseNegativeRate(0.05).fitted(lambda rule: rule.bound / 2)
    assert fitted.bound == pytest.approx(0.1, rel=0.01) and fitted.bound <= 0.1
    assert fitted.maximum == 0.05


def test_where_all_candidates_keep_the_rate_or_none_is_known_nothing_is_dropped():
    assert FalseNegativeRate(0.05).fitted(lambda rule: 0.04).bound == 1
    assert FalseNegativeRate(0.05).fitted(lambda rule: NAN).bound == 1


def test_a_bound_that_is_given_stays():
    assert FalseNegativeRate(0.05, bound=0.3).fitted(lambda rule: 1.0).bound == 0.3


@pytest.mark.parametrize("given", [{"maximum": 1.5}, {"maximum": -0.1}, {"bound": 2}])
def test_a_share_is_between_0_and_1(given):
    with pytest.raises(ConfigError, match=next(iter(given))):
        RULES.make({"false-negative-rate": given})
