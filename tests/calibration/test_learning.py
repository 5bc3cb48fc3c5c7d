"""From samples to a model: which columns are fitted, and what follows of a model for candidates."""

import numpy as np
import pytest

from hardneg.calibration.features import LEFT_OUT, POSITIVE, UNLABELLED, Column
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
