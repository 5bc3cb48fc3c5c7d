"""Calibration as a whole: on simulated data of a known rate, by verdicts, and where it must stand aside."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hardneg.calibration import logistic
from hardneg.calibration.calibration import Calibration, _poor, calibrate
from hardneg.calibration.features import LEFT_OUT, NOT_RELEVANT, POSITIVE, UNLABELLED, Column, Sample
from hardneg.calibration.learning import Model
from tests.calibration.samples import NAN, SCORES, sample, simulated


@pytest.mark.parametrize("frequency", [0.3, 0.6, 0.9])
def test_the_rate_of_false_negatives_is_found_on_simulated_data(frequency):
    sample, relevant = simulated(1, frequency)
    learned = calibrate([sample], SCORES)
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


COLUMNS = [*SCORES, Column("evidence", "alike", "absolute", 1.0)]


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
    learned = calibrate([sample], SCORES)
    again = Calibration.build(learned.describe())
    assert np.array_equal(again.probability(sample), learned.probability(sample), equal_nan=True)


RELATIVE = Model((Column("scores", "dense", "relative", 1.0),), -2.0, (1.0,), 0.5, 10.0)


def test_only_unlabelled_candidates_get_a_probability():
    # -1 and 1 deviations: exp(-3) and exp(-1); the others are labelled, judged or padding
    made = sample([[2, 4, 3, 3, 3]], [[UNLABELLED, UNLABELLED, POSITIVE, NOT_RELEVANT, LEFT_OUT]])
    found = Calibration(models=(RELATIVE,)).probability(made)
    assert found.dtype == np.float32
    assert found[0].tolist() == pytest.approx([math.exp(-3), math.exp(-1), NAN, NAN, NAN], nan_ok=True)
    assert np.isnan(Calibration("too few").probability(made)).all()


def test_a_second_model_decides_where_its_columns_have_values():
    sparse = Column("evidence", "cross", "relative", 1.0, sparse=True)
    second = Model((sparse,), -4.0, (1.0,), 0.5, 10.0)
    made = sample([[2, 4]], [[UNLABELLED] * 2], cross=[[NAN, 7]])
    found = Calibration(models=(RELATIVE, second)).probability(made)
    assert found[0].tolist() == pytest.approx([math.exp(-3), math.exp(-4)])


def test_a_shift_multiplies_the_odds():
    model = Model(RELATIVE.columns, math.log(0.5), (0.0,), 0.5, 10.0)
    made = sample([[2, 4]], [[UNLABELLED] * 2])
    found = Calibration(models=(model,), shift=math.log(3)).probability(made)
    assert found[0].tolist() == pytest.approx([0.75, 0.75])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shift": "much"}, "shift: .*valid number"),
        ({"models": [{}]}, "models.0"),
        ({"models": [{**vars(RELATIVE), "weights": [1.0, 2.0]}]}, "weights and columns do not fit"),
        ({"models": [{**vars(RELATIVE), "weights": []}]}, "weights and columns do not fit"),
    ],
)
def test_what_describes_no_calibration_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Calibration.build({**Calibration(models=(RELATIVE,)).describe(), **change})
    assert Calibration.build(Calibration(models=(RELATIVE,)).describe()).models == (RELATIVE,)


def test_without_a_score_of_every_candidate_nothing_is_learned():
    made, _ = simulated(3, 0.5, queries=100)
    scores = made.candidates.scores["dense"].copy()
    scores[:, ::2] = NAN
    learned = calibrate([Sample(replace(made.candidates, scores={"dense": scores}), made.status)], SCORES)
    assert learned.why == learned.facts["why"] == "there is no score that is known of every candidate"
    assert learned.facts["queries"] == 100 and not learned.facts["estimable"]


def test_too_few_positives_are_not_learned_from():
    sample, _ = simulated(3, 0.5, queries=3)
    learned = calibrate([sample], SCORES)
    assert not learned.facts["estimable"] and "too few" in learned.why
    assert np.isnan(learned.probability(sample)).all()


def test_what_is_left_out_is_not_learned_from_and_gets_no_probability():
    sample, _ = simulated(4, 0.5, queries=100)
    status = sample.status.copy()
    status[:, -5:] = LEFT_OUT
    learned = calibrate([Sample(sample.candidates, status)], SCORES)
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
    learned = calibrate([blind], SCORES)
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
