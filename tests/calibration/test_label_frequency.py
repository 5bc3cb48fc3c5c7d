"""The label frequency, the probabilities that follow from it, and how reliable they are."""

import math

import numpy as np
import pytest

from hardneg.calibration.label_frequency import (
    label_frequency,
    relevance_probability,
    reliability,
    top_labelled_share,
    unlabelled_log_odds,
)
from hardneg.core.statistics import wilson


def test_the_top_labelled_share_is_the_highest_labelled_share_less_its_error():
    # Of the 200 with the most evidence half are labelled, of the next 200 none.
    logits = np.arange(400, 0, -1, dtype=np.float64)
    labelled = np.array([True, False] * 100 + [False] * 200)
    found = top_labelled_share(logits, labelled)
    assert 0.4 < found < 0.5
    assert found >= float(wilson(100, 200, 1.2816)[0])


def test_fewer_than_twenty_candidates_are_taken_together():
    # a lucky first label does not count alone: 1 of 10, and 20 of the first 20
    few = top_labelled_share(np.arange(10, 0, -1.0), np.array([True] + [False] * 9))
    assert few == pytest.approx(float(wilson(1, 10, 1.2816)[0]))
    most = top_labelled_share(np.arange(20, 0, -1.0), np.array([True] * 19 + [False]))
    assert most == pytest.approx(float(wilson(19, 20, 1.2816)[0]))


def test_equal_evidence_is_taken_in_its_order():
    labelled = np.array([True] * 20 + [False] * 20)
    assert top_labelled_share(np.zeros(40), labelled) == pytest.approx(float(wilson(20, 20, 1.2816)[0]))
    backwards = top_labelled_share(np.zeros(40), labelled[::-1])
    assert backwards == pytest.approx(float(wilson(20, 40, 1.2816)[0]))


def test_where_the_evidence_is_strongest_an_unlabelled_candidate_is_relevant_with_one_half():
    # a third of the top is labelled, so its purity is 1/3 to 1, on average 2/3, of which half is labelled
    assert label_frequency(1 / 3) == pytest.approx(0.5)
    assert relevance_probability(np.log([0.5]), label_frequency(1 / 3))[0] == pytest.approx(0.5)
    assert label_frequency(1.0) == 1 and label_frequency(0.0) == 0


def test_one_of_three_labelled_leaves_two_unlabelled_for_each():
    assert math.exp(unlabelled_log_odds(1 / 3)) == pytest.approx(2)
    # Odds of 1 to 4 of being labelled: 2 in 4 relevant and unlabelled, among the unlabelled.
    assert relevance_probability(np.array([math.log(0.25)]), 1 / 3)[0] == pytest.approx(0.5)
    # Odds of 1 to 2 would make it certain: beyond one half probabilities rise by a twentieth at most.
    assert relevance_probability(np.array([math.log(0.5)]), 1 / 3)[0] == pytest.approx(0.525)


def test_all_or_none_labelled_stay_finite():
    assert unlabelled_log_odds(0.5) == 0
    ends = [unlabelled_log_odds(0.0), -unlabelled_log_odds(1.0)]
    assert ends == pytest.approx([math.log(1e6)] * 2, abs=1e-5)
    assert relevance_probability(np.array([0.0]), 1.0)[0] == pytest.approx(1e-6, rel=1e-5)


def test_beyond_one_half_only_the_order_is_kept():
    # log-odds of 0.5, 1, 2 and 1e6 by as many unlabelled as labelled ones: 0.5 + 0.05 * (1 - 0.5 / odds)
    found = relevance_probability(np.log([0.25, 0.5, 1.0, 2.0, 1e6]), 0.5)
    assert found.tolist() == pytest.approx([0.25, 0.5, 0.525, 0.5375, 0.55], abs=1e-6)
    assert relevance_probability(np.array([800.0]), 0.5)[0] == pytest.approx(0.55)


def test_reliability_compares_what_labels_stand_for_with_the_mean_probability():
    # Half are labelled, so one labelled stands for one unlabelled: one of four in the low bin.
    probability = np.array([0.25] * 5 + [0.95] * 2)
    labelled = np.array([True, False, False, False, False, True, False])
    logits = np.array([0.0] * 5 + [1.0] * 2)
    facts = reliability(logits, probability, labelled, 0.5)
    assert facts["reliability"] == [
        {"low": 0.2, "high": 0.3, "count": 4, "predicted": 0.25, "observed": 0.25},
        {"low": 0.9, "high": 1.0, "count": 1, "predicted": 0.95, "observed": 1.0},
    ]
    assert facts["calibration_error"] == pytest.approx(0.05 / 5)
    # Positives 0 and 1 against 0, 0, 0, 0, 1: (2 + 4.5) / 2 / 5 = 0.65; mean probability 0.39.
    assert facts["auc"] == pytest.approx((0.65 - 0.195) / 0.61, abs=1e-4)


@pytest.mark.parametrize(("labelled", "count", "observed"), [(0, 5, 0.0), (1, 4, 0.75), (2, 3, 1.0)])
def test_where_one_of_four_is_labelled_each_stands_for_three_but_for_no_more_than_all(
    labelled, count, observed
):
    facts = reliability(np.zeros(5), np.full(5, 0.99), np.arange(5) < labelled, 0.25)
    assert facts["reliability"] == [
        {"low": 0.9, "high": 1.0, "count": count, "predicted": 0.99, "observed": observed}
    ]
    assert facts["calibration_error"] == pytest.approx(abs(0.99 - observed), abs=1e-4)


def test_a_probability_of_1_is_in_the_last_bin():
    facts = reliability(np.zeros(2), np.ones(2), np.zeros(2, bool), 0.5)
    assert [(row["low"], row["count"]) for row in facts["reliability"]] == [(0.9, 2)]


@pytest.mark.parametrize("labelled", [True, False])
def test_of_one_kind_alone_there_is_no_area_under_the_curve(labelled):
    facts = reliability(np.zeros(3), np.full(3, 0.05), np.full(3, labelled), 0.5)
    assert facts["auc"] is None and len(facts["reliability"]) == (0 if labelled else 1)


def test_the_area_under_the_curve_counts_pairs_in_order_and_half_of_equal_ones():
    # 2 is above 1 and 0 and equal to 2: 2.5 of 3; nobody else is relevant
    facts = reliability(
        np.array([2.0, 2.0, 1.0, 0.0]), np.zeros(4), np.array([True, False, False, False]), 0.5
    )
    assert facts["auc"] == pytest.approx(2.5 / 3, abs=1e-4)
