"""Scores beside the documents of a row."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources.cells import Cells
from hardneg.sources.scores import is_score, own_scores, scores_of

OWNERS, NEGATIVE = ["pos", "neg", "neg"], [False, True, True]
TUPLE = ["positive", "negative_1", "negative_2"]


def found(row, owners=OWNERS, skip=()):
    scores = scores_of(row, owners, NEGATIVE, "f:1", skip)
    return {name: [None if value != value else value for value in own] for name, own in scores.items()}


@pytest.mark.parametrize(
    ("row", "owners", "wanted"),
    [
        ({"scores": [3, 2, 1]}, OWNERS, {"scores": [3, 2, 1]}),
        ({"pos_scores": [3], "neg_scores": [2, 1]}, OWNERS, {"scores": [3, 2, 1]}),
        ({"neg_scores": [2, 1]}, OWNERS, {"scores": [None, 2, 1]}),
        ({"positive_score": 3, "negative_2_score": 1}, TUPLE, {"scores": [3, None, 1]}),
        ({"scores": [3, 2, 1], "scores_ce": [6, 5, 4]}, TUPLE, {"scores": [3, 2, 1], "scores_ce": [6, 5, 4]}),
        ({"scores": [3, None, float("inf")]}, OWNERS, {"scores": [3, None, None]}),
        ({"scores": [3, 10**400, 1]}, OWNERS, {"scores": [3, None, 1]}),
        ({"quality_score": 0.5, "title_scores": [1, 2], "scores": None}, OWNERS, {}),
        (Cells(scores=["3", "", "1"]), OWNERS, {"scores": [3, None, 1]}),
    ],
)
def test_each_document_has_its_score(row, owners, wanted):
    assert found(row, owners) == wanted


def test_a_column_that_says_something_else_is_skipped():
    assert found({"scores": [3, 2, 1]}, skip=("scores",)) == {}
    assert is_score("Similarity") and not is_score("label")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"scores": [3, 2]}, '"scores" has 2 values for 3 documents'),
        ({"neg_scores": [3]}, '"neg_scores" has 1 value for 2 documents'),
        ({"scores": [3, "2", 1]}, "\"scores\" holds a string, '2'; scores are numbers"),
        ({"scores": [3, True, 1]}, '"scores" holds a boolean, True; scores are numbers'),
        (Cells(scores=["3", "x", "1"]), "\"scores\" holds a string, 'x'; scores are numbers"),
    ],
)
def test_what_is_no_score_each_is_refused_in_one_line(row, message):
    with pytest.raises(DataError) as raised:
        found(row)
    assert str(raised.value) == f"f:1: {message}"


def test_a_record_has_its_own():
    record = {"docid": "a", "text": "t", "score": 2, "title_score": None, "scores": [1]}
    assert own_scores(record, "f:1") == {"scores": 2}
