"""Calibration as a whole: on simulated data of a known rate, by verdicts, and where it must stand aside."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hardneg.calibration import calibration
from hardneg.calibration.calibration import Calibration, _poor, calibrate
from hardneg.calibration.features import LEFT_OUT, NOT_RELEVANT, POSITIVE, UNLABELLED, Column, Sample
from hardneg.calibration.learning import Model
from hardneg.calibration.purity import scales
from tests.calibration.samples import NAN, SCORES, sample, simulated


@pytest.mark.parametrize("frequency", [0.3, 0.6, 0.9])
def test_the_rate_of_false_negatives_is_at_least_the_probabilities_and_at_most_those_of_a_pure_top(
    frequency,
):
    sample, relevant = simulated(1, frequency)
    learned = calibrate([sample], SCORES)
    assert learned.facts["estimable"] and learned.facts["auc"] > 0.9
    assert learned.facts["top_labelled_share"] == pytest.approx(frequency, abs=0.12)
    probability = learned.probability(sample)
    unlabelled = sample.status == UNLABELLED
    assert np.isnan(probability[~unlabelled]).all() and not np.isnan(probability[unlabelled]).any()
    pure = learned.if_unlabelled(sample, 2.0)[unlabelled].mean()  # where the evidence is strongest all are
    assert probability[unlabelled].mean() - 0.01 < relevant[unlabelled].mean() < pure + 0.02


def verdicts_on_the_likeliest(learned, sample, relevant, count):
    """The true verdicts on the unlabelled candidates of the highest probability."""
    probability = learned.probability(sample)
    shares = np.full(probability.shape, NAN, np.float32)
    likeliest = np.argsort(-np.nan_to_num(probability, nan=-1), axis=None)[:count]
    shares.ravel()[likeliest] = relevant.ravel()[likeliest]
    return shares, probability


@pytest.mark.parametrize("complete", [False, True])
def test_verdicts_tell_missing_labels_from_hard_negatives(complete):
    sample, relevant = simulated(1, 0.3)
    if complete:  # the same scores, but what has no label is not relevant
        relevant = sample.status == POSITIVE
    learned = calibrate([sample], SCORES)
    judged = learned.scaled_by([verdicts_on_the_likeliest(learned, sample, relevant, 60)])
    unlabelled = sample.status == UNLABELLED
    true, before = relevant[unlabelled].sum(), learned.probability(sample)[unlabelled].sum()
    after = judged.probability(sample)[unlabelled].sum()
    assert abs(after - true) < 0.7 * abs(before - true)
    assert (judged.scale < 0.1) if complete else (judged.scale > 1.5)


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


def test_a_scale_multiplies_probabilities_up_to_99_per_cent():
    model = Model(RELATIVE.columns, math.log(0.25), (0.0,), 0.5, 10.0)
    made = sample([[2, 4]], [[UNLABELLED] * 2])
    found = Calibration(models=(model,), scale=3.0)
    assert found.probability(made)[0].tolist() == pytest.approx([0.75, 0.75])
    assert found.if_unlabelled(made, 5.0)[0].tolist() == pytest.approx([0.99, 0.99])
    assert found.unlabelled_per_labelled == pytest.approx(1)
    assert Calibration("too few").unlabelled_per_labelled == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": "much"}, "scale: .*valid number"),
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


def test_verdicts_scale_the_calibration_and_are_counted():
    shares = np.array([[1, 0, NAN, 1]], np.float32)
    probabilities = np.array([[0.2, 0.1, 0.3, NAN]], np.float32)
    judged = Calibration(facts={"auc": 0.9}).scaled_by([(shares, probabilities)])
    expected = scales(np.array([0.2, 0.1]), np.array([1, 0], np.float32))
    assert (judged.scale, judged.highest_scale) == pytest.approx(expected, rel=1e-6)
    assert judged.facts == {"auc": 0.9, "verdicts": 2, "scale": round(judged.scale, 4)}
    unjudged = np.full((1, 5), np.nan, np.float32)
    same = Calibration(facts={"auc": 0.9})
    assert same.scaled_by([(unjudged, np.full((1, 5), 0.1, np.float32))]) is same


def test_an_estimate_that_separates_nothing_stands_aside():
    sample, _ = simulated(6, 0.5, queries=100)
    noise = np.random.default_rng(1).normal(size=sample.candidates.shape).astype(np.float32)
    blind = Sample(replace(sample.candidates, scores={"dense": noise}), sample.status)
    learned = calibrate([blind], SCORES)
    assert not learned.facts["estimable"] and "the estimate is poor (" in learned.why
    assert learned.facts["label_frequency"] is not None and learned.facts["why"] == learned.why
    assert np.isnan(learned.probability(blind)).all()


def test_evidence_of_some_candidates_that_shows_less_than_that_of_all_is_left_out(monkeypatch):
    """A reranker that reads the first ranks, where few labels are, must not cost the other evidence."""
    made, _ = simulated(1, 0.6)
    some = np.random.default_rng(1).random(made.status.shape)
    cross = np.where((some < 0.3) | made.positives, some, np.nan).astype(np.float32)
    read = Sample(replace(made.candidates, evidence={"cross": cross}), made.status)
    columns = [*SCORES, Column("evidence", "cross", "absolute", 1.0)]
    assert len(calibrate([read], columns).models) == 2

    def poor(facts):
        return "it is poor" if "cross" in facts["weights"] else _poor(facts)

    monkeypatch.setattr(calibration, "_poor", poor)
    learned = calibrate([read], columns)
    assert learned.why == "" and learned.facts["left_out"] == {"cross": "it is poor"}
    assert learned.models == calibrate([made], SCORES).models
    monkeypatch.setattr(calibration, "_poor", lambda facts: "all is poor")
    assert calibrate([read], columns).why == "all is poor"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"calibration_error": 0.21}, "calibration error 0.21, at most 0.1"),
        ({"auc": 0.54}, "AUC 0.54, at least 0.6"),
        ({"top_labelled_share": 0.031}, "0.031 where the evidence is strongest, 0.017 on average"),
        ({}, ""),
        ({"auc": None}, ""),
    ],
)
def test_a_poor_estimate_is_known_by_its_error_its_auc_and_its_top_labelled_share(changed, said):
    good = {"calibration_error": 0.01, "auc": 0.9, "top_labelled_share": 0.5, "positives": 40}
    facts = {**good, "reliability": [{"count": 2_000}, {"count": 360}], **changed}
    assert said in _poor(facts) and bool(_poor(facts)) == bool(said)
