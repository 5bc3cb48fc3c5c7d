import numpy as np
import pytest

from hardneg.calibration.features import Column, features
from hardneg.core.records import Candidates

NAN = float("nan")


def block(scores, **evidence):
    scores = np.array(scores, np.float32)
    docs = np.tile(np.arange(scores.shape[1], dtype=np.int32), (len(scores), 1))
    queries = np.arange(len(scores), dtype=np.int32)
    given = {name: np.array(values, np.float32) for name, values in evidence.items()}
    return Candidates(queries, docs, docs + 1, {"dense": scores}, {}, "dense", evidence=given)


def test_an_absolute_score_is_compared_with_all_and_with_those_of_its_query():
    # All: mean 4, deviation sqrt(10); the first query: 2 and 4, mean 3, deviation 1.
    candidates = block([[2, 4], [1, 9]])
    column = Column("scores", "dense", "absolute", 1.0).scaled_to(candidates.scores["dense"])
    assert column.mean == 4 and column.deviation == pytest.approx(np.sqrt(9.5))
    found = features(candidates, [column], np.ones((2, 2), bool))
    assert found[0, :, 0] == pytest.approx([-2 / np.sqrt(9.5), 0])
    assert found[..., 1].tolist() == [[-1, 1], [-1, 1]]


def test_a_relative_score_is_compared_with_those_of_its_query_that_count_and_with_itself():
    # The third does not count for the others; for itself the three are 2, 4 and 9: mean 5, variance 26 / 3.
    column = Column("scores", "dense", "relative", 1.0)
    found = features(block([[2, 4, 9]]), [column], np.array([[True, True, False]]))
    assert found[0, :, 0] == pytest.approx([-1, 1, 4 / np.sqrt(26 / 3)])


def test_a_label_does_not_change_how_a_document_compares():
    column = Column("scores", "dense", "relative", 1.0)
    unlabelled = features(block([[2, 4, 9]]), [column], np.array([[True, True, True]]))
    labelled = features(block([[2, 4, 9]]), [column], np.array([[True, True, False]]))
    assert labelled[0, 2] == pytest.approx(unlabelled[0, 2])


def test_a_flag_stays_as_it_is_and_is_nothing_where_nobody_looked():
    column = Column("evidence", "copy", "flag", 3.0)
    found = features(block([[0, 0, 0]], copy=[[1, 0.5, NAN]]), [column], np.ones((1, 3), bool))
    assert found[0, :, 0].tolist() == [1, 0.5, 0]
    assert column.priors == [3.0] and column.flags == [True]


def test_what_is_missing_is_taken_from_the_other_scores():
    columns = [Column("scores", "dense", "relative", 1.0), Column("evidence", "likeness", "relative", 1.0)]
    found = features(block([[2, 4]], likeness=[[NAN, 5]]), columns, np.ones((1, 2), bool))
    assert found[0].tolist() == [[-1, -1], [1, 0]]


def test_equal_scores_deviate_from_nothing():
    column = Column("scores", "dense", "absolute", 1.0).scaled_to(np.array([3, 3], np.float32))
    assert (features(block([[3, 3]]), [column], np.ones((1, 2), bool)) == 0).all()
