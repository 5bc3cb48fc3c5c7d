"""The logistic model and what holds its weights to their priors."""

import numpy as np
import pytest

from hardneg.calibration import logistic


def test_log_odds_become_probabilities():
    found = logistic.sigmoid(np.log([1.0, 3.0, 1 / 3]))
    assert found.tolist() == pytest.approx([0.5, 0.75, 0.25])
    assert 0 < logistic.sigmoid(np.array([-1e4]))[0] < 1e-12 and logistic.sigmoid(np.array([1e4]))[0] <= 1


def test_log_odds_are_the_intercept_and_the_weighted_features():
    found = logistic.log_odds(np.array([[[1.0, 2.0], [0.0, -1.0]]]), 0.5, np.array([2.0, 3.0]))
    assert found.tolist() == [[8.5, -2.5]]


def test_the_multiple_of_the_priors_leaves_flags_out():
    none, last = np.zeros(2, bool), np.array([False, False, True])
    assert logistic.multiple(np.array([4.0, 2.0]), np.array([2.0, 1.0]), none) == 2
    # nearest to (1, 0): 1 * 1 / (1 + 1)
    assert logistic.multiple(np.array([1.0, 0.0]), np.array([1.0, 1.0]), none) == 0.5
    assert logistic.multiple(np.array([4.0, 2.0, 9.0]), np.array([2.0, 1.0, 1.0]), last) == 2
    assert logistic.multiple(np.array([9.0]), np.array([1.0]), np.array([True])) == 0


QUERIES = np.repeat(np.arange(10, dtype=np.int32), 4)
LABELLED = np.tile([True, False, False, False], 10)


def fit(rows, labelled=LABELLED, priors=(1.0,), flags=(False,)):
    return logistic.fit(np.array(rows, float), labelled, QUERIES, np.array(priors), np.array(flags))


def test_without_evidence_the_labelled_share_is_left_and_the_strongest_penalty():
    found = fit(np.zeros((40, 2)), priors=(1.0, 3.0), flags=(False, True))
    assert found.intercept == pytest.approx(np.log(1 / 3), abs=1e-3)
    assert found.logits.tolist() == pytest.approx([np.log(1 / 3)] * 40, abs=1e-3)
    assert found.strength == 1e4 and found.weights[1] == pytest.approx(3.0, abs=1e-6)


def test_evidence_against_labels_has_no_weight():
    found = fit(np.where(LABELLED, -1.0, 1.0)[:, None])
    assert found.weights.tolist() == pytest.approx([0], abs=1e-6)


def test_a_query_is_judged_by_the_others():
    # three of four are labelled in one query and one of four in the other
    labelled = np.array([True, True, True, False, True, False, False, False])
    queries = np.repeat(np.arange(2, dtype=np.int32), 4)
    found = logistic.fit(np.zeros((8, 1)), labelled, queries, np.array([1.0]), np.array([False]))
    assert found.logits.tolist() == pytest.approx([-np.log(3)] * 4 + [np.log(3)] * 4, abs=1e-3)
    assert found.intercept == pytest.approx(0, abs=1e-3)


def test_more_evidence_is_never_less_probable_and_few_data_leave_what_is_expected():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2_000, 2))
    labelled = rng.random(2_000) < logistic.sigmoid(2 * rows[:, 0] - 1 * rows[:, 1] - 2)
    queries = np.repeat(np.arange(100, dtype=np.int32), 20)
    fitted = logistic.fit(rows, labelled, queries, np.array([1.0, 1.0]), np.array([False, False]))
    assert fitted.weights[0] == pytest.approx(2, abs=0.5) and fitted.weights[1] == pytest.approx(0, abs=0.05)
    few = logistic.fit(rows[:40], labelled[:40], queries[:40], np.array([2.0, 1.0]), np.array([True, True]))
    assert (few.weights >= 0).all()
