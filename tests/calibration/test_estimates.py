"""The parts of calibration that a person can compute, and what they say of data of a known rate."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hardneg.calibration import logistic
from hardneg.calibration.calibration import Calibration, _poor, calibrate
from hardneg.calibration.features import LEFT_OUT, POSITIVE, UNLABELLED, Column, Sample
from hardneg.calibration.label_frequency import (
    label_frequency,
    relevance_probability,
    reliability,
    unlabelled_log_odds,
)
from hardneg.core.records import Candidates
from hardneg.core.statistics import wilson

NAN = float("nan")


def test_the_label_frequency_is_the_highest_labelled_share_less_its_error():
    # Of the 200 with the most evidence half are labelled, of the next 200 none.
    logits = np.arange(400, 0, -1, dtype=np.float64)
    labelled = np.array([True, False] * 100 + [False] * 200)
    found = label_frequency(logits, labelled)
    assert 0.4 < found < 0.5
    assert found >= float(wilson(100, 200, 1.2816)[0])


def test_one_of_three_labelled_leaves_two_unlabelled_for_each():
    assert math.exp(unlabelled_log_odds(1 / 3)) == pytest.approx(2)
    # Odds of 1 to 4 of being labelled: 2 in 4 relevant and unlabelled, among the unlabelled.
    assert relevance_probability(np.array([math.log(0.25)]), 1 / 3)[0] == pytest.approx(0.5)
    assert relevance_probability(np.array([10.0]), 1 / 3)[0] == pytest.approx(0.99)


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


def test_more_evidence_is_never_less_probable_and_few_data_leave_what_is_expected():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2_000, 2))
    labelled = rng.random(2_000) < logistic.sigmoid(2 * rows[:, 0] - 1 * rows[:, 1] - 2)
    queries = np.repeat(np.arange(100, dtype=np.int32), 20)
    fitted = logistic.fit(rows, labelled, queries, np.array([1.0, 1.0]), np.array([False, False]))
    assert fitted.weights[0] == pytest.approx(2, abs=0.5) and fitted.weights[1] == pytest.approx(0, abs=0.05)
    few = logistic.fit(rows[:40], labelled[:40], queries[:40], np.array([2.0, 1.0]), np.array([True, True]))
    assert (few.weights >= 0).all()


def simulated(seed, frequency, queries=400, depth=40):
    """Candidates of which every tenth is relevant and known by its score; a share of these is labelled."""
    rng = np.random.default_rng(seed)
    relevant = rng.random((queries, depth)) < 0.1
    labelled = relevant & (rng.random((queries, depth)) < frequency)
    scores = rng.normal(size=(queries, depth)) + np.where(relevant, 3.0, 0.0)
    order = np.argsort(-scores, axis=1)
    relevant, labelled, scores = (np.take_along_axis(a, order, 1) for a in (relevant, labelled, scores))
    docs = np.tile(np.arange(depth, dtype=np.int32), (queries, 1))
    rows = np.arange(queries, dtype=np.int32)
    candidates = Candidates(rows, docs, docs + 1, {"dense": scores.astype(np.float32)}, {}, "dense")
    return Sample(candidates, np.where(labelled, POSITIVE, UNLABELLED).astype(np.int32)), relevant


@pytest.mark.parametrize("frequency", [0.3, 0.6, 0.9])
def test_the_rate_of_false_negatives_is_found_on_simulated_data(frequency):
    sample, relevant = simulated(1, frequency)
    learned = calibrate([sample], [Column("scores", "dense", "absolute", 1.0)])
    assert learned.facts["estimable"] and learned.facts["auc"] > 0.9
    assert learned.facts["label_frequency"] == pytest.approx(frequency, abs=0.12)
    probability = learned.probability(sample)
    unlabelled = sample.status == UNLABELLED
    assert np.isnan(probability[~unlabelled]).all() and not np.isnan(probability[unlabelled]).any()
    assert probability[unlabelled].mean() == pytest.approx(relevant[unlabelled].mean(), abs=0.03)


def likeness(sample, relevant):
    """Evidence that is higher for relevant documents and unknown of labelled ones."""
    drawn = np.random.default_rng(9).normal(size=relevant.shape) + np.where(relevant, 1.5, 0.0)
    evidence = {"alike": np.where(sample.status == POSITIVE, NAN, drawn).astype(np.float32)}
    return Sample(replace(sample.candidates, evidence=evidence), sample.status)


COLUMNS = [Column("scores", "dense", "absolute", 1.0), Column("evidence", "alike", "absolute", 1.0)]


@pytest.mark.parametrize("frequency", [0.1, 0.3])
def test_what_lone_positives_cannot_show_orders_candidates_and_leaves_alone_how_many_are_relevant(frequency):
    sample, relevant = simulated(5, frequency)
    plain = calibrate([sample], COLUMNS[:1])
    more = likeness(sample, relevant)
    learned = calibrate([more], COLUMNS)
    assert learned.facts["label_frequency"] == plain.facts["label_frequency"]
    unlabelled = sample.status == UNLABELLED
    before, after = (c.probability(s)[unlabelled] for c, s in ((plain, sample), (learned, more)))
    assert after.sum() == pytest.approx(before.sum(), rel=1e-4)
    hidden = relevant[unlabelled]
    assert after[hidden].mean() > before[hidden].mean() + 0.05
    assert after[~hidden].mean() < before[~hidden].mean()


def test_a_calibration_survives_being_written():
    sample, _ = simulated(2, 0.5, queries=100)
    learned = calibrate([sample], [Column("scores", "dense", "absolute", 1.0)])
    again = Calibration.build(learned.describe())
    assert np.array_equal(again.probability(sample), learned.probability(sample), equal_nan=True)


def test_too_few_positives_are_not_learned_from():
    sample, _ = simulated(3, 0.5, queries=3)
    learned = calibrate([sample], [Column("scores", "dense", "absolute", 1.0)])
    assert not learned.facts["estimable"] and "too few" in learned.why
    assert np.isnan(learned.probability(sample)).all()


def test_what_is_left_out_is_not_learned_from_and_gets_no_probability():
    sample, _ = simulated(4, 0.5, queries=100)
    status = sample.status.copy()
    status[:, -5:] = LEFT_OUT
    learned = calibrate([Sample(sample.candidates, status)], [Column("scores", "dense", "absolute", 1.0)])
    assert np.isnan(learned.probability(Sample(sample.candidates, status))[:, -5:]).all()


def shift_of(relevant, judged, probability=0.1):
    shares = np.zeros((1, judged), np.float32)
    shares[:, :relevant] = 1
    return Calibration().shifted_to([(shares, np.full((1, judged), probability, np.float32))])


def test_verdicts_move_all_probabilities_as_far_as_they_are_many():
    moved = shift_of(200, 400)
    # Without the prior the shift would be log odds 0 less log odds of 0.1: 2.197.
    assert 2.0 < moved.shift < 2.197 and moved.facts["verdicts"] == 400
    information = 400 * 0.25
    probable = moved.shift * (information + 1) / information
    assert probable == pytest.approx(400 * 0.5 - 400 * float(logistic.sigmoid(-2.1972 + probable)), abs=0.05)


def test_a_handful_of_verdicts_moves_probabilities_by_what_it_is_worth():
    shifts = [shift_of(3, judged, 0.03).shift for judged in (18, 19, 20, 21, 22)]
    assert all(abs(one - next_) < 0.02 for one, next_ in pairwise(shifts))  # no step at any number
    assert 0 < shifts[2] < 0.8
    assert 0 < shift_of(1, 1, 0.03).shift < 0.1
    assert -0.2 < shift_of(0, 20, 0.03).shift < 0
    # Of 100 improbable pairs 15 are relevant: the search for the shift must not run away.
    assert 3 < shift_of(15, 100, 1e-4).shift < 8
    unjudged = np.full((1, 5), np.nan, np.float32)
    same = Calibration(facts={"auc": 0.9})
    assert same.shifted_to([(unjudged, np.full((1, 5), 0.1, np.float32))]) is same


def test_an_estimate_that_separates_nothing_stands_aside():
    sample, _ = simulated(6, 0.5, queries=100)
    noise = np.random.default_rng(1).normal(size=sample.candidates.shape).astype(np.float32)
    blind = Sample(replace(sample.candidates, scores={"dense": noise}), sample.status)
    learned = calibrate([blind], [Column("scores", "dense", "absolute", 1.0)])
    assert not learned.facts["estimable"] and "the estimate is poor (" in learned.why
    assert learned.facts["label_frequency"] is not None and learned.facts["why"] == learned.why
    assert np.isnan(learned.probability(blind)).all()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"calibration_error": 0.21}, "calibration error 0.21, at most 0.1"),
        ({"auc": 0.54}, "AUC 0.54, at least 0.6"),
        ({"label_frequency": 0.031}, "label frequency 0.031, hardly above the labelled share 0.017"),
        ({}, ""),
        ({"auc": None}, ""),
    ],
)
def test_a_poor_estimate_is_known_by_its_error_its_auc_and_its_label_frequency(changed, said):
    good = {"calibration_error": 0.01, "auc": 0.9, "label_frequency": 0.5, "positives": 40}
    facts = {**good, "reliability": [{"count": 2_000}, {"count": 360}], **changed}
    assert said in _poor(facts) and bool(_poor(facts)) == bool(said)
