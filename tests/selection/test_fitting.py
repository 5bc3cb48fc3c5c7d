"""What rules learn from a sample in which known positives stand without their labels."""

from dataclasses import replace

import numpy as np
import pytest

from hardneg.selection.fitting import FitSample, fitted_rules
from hardneg.selection.selector import Selector
from hardneg.selection.settings import SelectSettings
from hardneg.testing import collection
from tests.selection.blocks import block


def rate_and_bound(probabilities, positive, per_labelled, maximum, negatives=2):
    """The bound of one query's candidates, the first of which are drawn first."""
    shape = np.shape(probabilities)
    known = collection(
        {f"d{n}": f"text {n}" for n in range(shape[1])},
        {f"q{n}": f"query {n}" for n in range(shape[0])},
        [(f"q{n}", "d0", 1) for n in range(shape[0])],
    )
    rules = [{"false-negative-rate": {"maximum": maximum}}]
    selector = Selector(known, SelectSettings(negatives=negatives, rules=rules), 1)
    scores = np.tile(np.linspace(1, 0, shape[1]), (shape[0], 1))
    candidates = replace(
        block(scores, [1.0] * shape[0], probability=np.array(probabilities, np.float32)),
        excluded=np.full(shape, -1, np.int8),
    )
    sample = FitSample([(candidates, np.array(positive, bool))], per_labelled)
    [rule] = fitted_rules(selector, sample)
    return rule.bound


def test_the_bound_admits_the_hardest_whose_mean_probability_keeps_the_rate():
    # with a bound of 0.3 or more the first two are chosen, 20 % expected; below, the 2nd and 3rd, 6 %
    probabilities = [[0.3, 0.1, 0.02, 0.01]]
    nothing = np.zeros((1, 4), bool)
    assert rate_and_bound(probabilities, nothing, 1.0, 0.25) == 1
    assert rate_and_bound(probabilities, nothing, 1.0, 0.1) == pytest.approx(0.3, rel=0.01)
    assert rate_and_bound(probabilities, nothing, 1.0, 0.02) == pytest.approx(0.1, rel=0.01)


def test_labelled_documents_that_would_be_chosen_lower_the_bound():
    # Ten queries, whose first candidate is labelled and yet improbable: it is chosen in all.
    probabilities = [[0.04, 0.04, 0.01, 0.01]] * 10
    positive = np.array([[True, False, False, False]] * 10)
    unlabelled = np.zeros_like(positive)
    # Less than one of the labelled was expected among the chosen, 10 are: the rate is twice as high.
    assert rate_and_bound(probabilities, unlabelled, 1.0, 0.05) == 1
    assert rate_and_bound(probabilities, positive, 1.0, 0.05) < 0.041


def test_rules_that_learn_nothing_are_left_alone():
    known = collection({"a": "alpha"}, {"q": "what"}, [("q", "a", 1)])
    selector = Selector(known, SelectSettings(rules=[{"max-score": 0.7}]), 1)
    assert fitted_rules(selector, FitSample((), 0.0)) == ()
