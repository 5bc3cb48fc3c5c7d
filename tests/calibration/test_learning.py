"""From samples to a model: which columns are fitted, and what follows of a model for candidates."""

from dataclasses import replace

import numpy as np
import pytest

from hardneg.calibration.features import LEFT_OUT, POSITIVE, UNLABELLED, Column, Sample
from hardneg.calibration.learning import ColumnGroups, Model, fit_model
from tests.calibration.samples import NAN, SCORES, sample, simulated

ALIKE = Column("evidence", "alike", "absolute", 1.0)


def names(columns):
    return [column.name for column in columns]


def grouped(alike, status):
    """The groups of a score that all have and of evidence that some have."""
    groups = ColumnGroups.of([sample([range(len(status))], [status], alike=[alike])], [*SCORES, ALIKE])
    return names(groups.observed), names(groups.unlabelled_only), names(groups.sparse)


def test_a_column_that_nearly_all_have_is_fitted():
    status = [POSITIVE] * 10 + [UNLABELLED] * 10
    assert grouped([1] * 20, status) == (["dense", "alike"], [], [])
    assert grouped([NAN] + [1] * 9 + [NAN] + [1] * 9, status) == (["dense", "alike"], [], [])  # 90 % of each


def test_a_column_that_few_positives_have_orders_candidates_alone():
    status = [POSITIVE] * 10 + [UNLABELLED] * 10
    assert grouped([NAN] * 2 + [1] * 18, status) == (["dense"], ["alike"], [])


def test_a_column_that_some_candidates_have_is_sparse_and_one_that_none_has_is_none():
    status = [POSITIVE] * 10 + [UNLABELLED] * 10
    assert grouped([1] * 18 + [NAN] * 2, status) == (["dense"], [], ["alike"])
    assert grouped([1] * 10 + [NAN] * 10, status) == (["dense"], [], [])


def test_what_is_left_out_or_was_not_retrieved_does_not_count():
    assert grouped([1, 1, NAN], [POSITIVE, UNLABELLED, LEFT_OUT]) == (["dense", "alike"], [], [])
    made = sample([[3, 2, 1]], [[POSITIVE, UNLABELLED, UNLABELLED]], alike=[[1, 1, NAN]])
    made.candidates.ranks[0, 2] = 0
    assert names(ColumnGroups.of([made], [ALIKE]).observed) == ["alike"]


def test_a_flag_is_known_of_all():
    flag = Column("evidence", "copy", "flag", 3.0)
    made = sample([[2, 1]], [[POSITIVE, UNLABELLED]], copy=[[NAN, NAN]])
    assert names(ColumnGroups.of([made], [flag]).observed) == ["copy"]


def test_a_models_probability_by_hand():
    # deviations of 2 and 4 within their query are -1 and 1; half of the relevant are labelled
    model = Model((Column("scores", "dense", "relative", 1.0),), -2.0, (1.0,), 0.5, 10.0)
    found = model.probability(sample([[2, 4]], [[UNLABELLED, UNLABELLED]]))
    assert found.tolist() == [pytest.approx([np.exp(-3), np.exp(-1)])]
    # one of three is labelled: twice as many are not
    model = Model(model.columns, -2.0, (1.0,), 1 / 3, 10.0)
    found = model.probability(sample([[2, 4]], [[UNLABELLED, UNLABELLED]]))
    assert found.tolist() == [pytest.approx([2 * np.exp(-3), 0.5 + 0.05 * (1 - 0.5 / (2 * np.exp(-1)))])]


def test_a_model_is_scaled_to_the_unlabelled_and_needs_twenty_positives():
    made, _ = simulated(1, 0.6, queries=40)
    model, quality = fit_model([made], SCORES, [])
    scores = made.candidates.scores["dense"][made.unlabelled]
    assert model.columns[0].mean == pytest.approx(scores.mean(), abs=1e-5)
    assert model.columns[0].deviation == pytest.approx(scores.std(), abs=1e-5)
    assert min(model.weights) >= 0 and 0 < model.frequency < 1 and quality["auc"] > 0.8
    few, _ = simulated(1, 0.6, queries=40)
    rows, columns = np.nonzero(few.positives)
    few.status[rows[19:], columns[19:]] = LEFT_OUT
    assert fit_model([few], SCORES, []) is None


def with_evidence(made, values):
    candidates = replace(made.candidates, evidence={"alike": values.astype(np.float32)})
    return Sample(candidates, made.status)


def weights_of(model, name):
    place = 0
    for column in model.columns:
        if column.name == name:
            return model.weights[place : place + len(column.priors)]
        place += len(column.priors)
    raise AssertionError(name)


def test_a_score_that_alone_orders_the_first_ranks_better_stands_for_all():
    made, relevant = simulated(1, 0.6)
    random = np.random.default_rng(3)
    made.candidates.ranks[...] = np.argsort(random.random(relevant.shape), axis=1) + 1
    # worth much at the ranks behind, and nothing but noise among the first
    noise, first = random.normal(size=relevant.shape), made.candidates.ranks <= 20
    values = np.where(first, 3 * noise, noise + 4 * relevant)
    model, quality = fit_model([with_evidence(made, values)], [*SCORES, ALIKE], [])
    alone, _ = fit_model([made], SCORES, [])
    assert weights_of(model, "alike") == (0, 0)
    assert weights_of(model, "dense") == pytest.approx(weights_of(alone, "dense"))
    assert quality["auc_first_20"] > 0.8


def test_evidence_that_helps_among_the_first_ranks_is_combined():
    made, relevant = simulated(1, 0.6)
    helpful = np.random.default_rng(3).normal(size=relevant.shape) + np.where(relevant, 2.0, 0.0)
    model, _ = fit_model([with_evidence(made, helpful)], [*SCORES, ALIKE], [])
    assert min(*weights_of(model, "alike"), *weights_of(model, "dense")) >= 0
    assert sum(weights_of(model, "alike")) > 0.5 and sum(weights_of(model, "dense")) > 0.5


def test_without_a_label_among_the_first_ranks_all_columns_are_kept(recwarn):
    made, relevant = simulated(1, 0.6)
    made.candidates.ranks[...] += 20
    helpful = np.random.default_rng(3).normal(size=relevant.shape) + np.where(relevant, 2.0, 0.0)
    model, quality = fit_model([with_evidence(made, helpful)], [*SCORES, ALIKE], [])
    assert sum(weights_of(model, "alike")) > 0.5 and quality["auc_first_20"] is None
    assert not recwarn.list


@pytest.mark.parametrize("worth", [0.0, 2.0])
def test_queries_with_several_positives_show_what_evidence_of_lone_ones_is_worth(worth):
    made, relevant = simulated(1, 0.6)
    values = np.random.default_rng(3).normal(size=relevant.shape) + np.where(relevant, worth, 0.0)
    values[(made.status == POSITIVE) & (made.positives.sum(axis=1, keepdims=True) < 2)] = NAN
    model, _ = fit_model([with_evidence(made, values)], SCORES, [ALIKE])
    found = sum(weights_of(model, "alike"))
    assert found > 1 if worth else found < 0.4


def test_evidence_that_nobody_can_verify_keeps_the_share_of_its_kind():
    made, _ = simulated(1, 0.6)
    values = np.random.default_rng(3).normal(size=made.status.shape)
    values[made.status == POSITIVE] = NAN
    model, _ = fit_model([with_evidence(made, values)], SCORES, [ALIKE])
    dense = np.array(weights_of(model, "dense"))
    multiple = dense @ [1.0, 0.5] / 1.25  # the priors of an absolute score
    assert weights_of(model, "alike") == pytest.approx((multiple, 0.5 * multiple))
