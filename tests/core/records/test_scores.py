"""Scores that a source brings, by query."""

import numpy as np
import pytest

from hardneg.core.records import Collection, GivenScores
from hardneg.core.records.scores import score_name

GIVEN = GivenScores(np.array([0, 2, 2, 3]), np.array([4, 1, 3], np.int32), np.array([9, 8, 7], np.float32))


@pytest.mark.parametrize(
    ("column", "name"),
    [
        *(("scores", "scores"), ("score", "scores"), ("pos_scores", "scores"), ("neg_scores", "scores")),
        *(("positive_score", "scores"), ("negative_3_score", "scores"), ("negs_score", "scores")),
        *(("scores_ce", "scores_ce"), ("neg_scores_ce", "scores_ce"), ("bm25_score", "bm25_scores")),
        *(("distance", "distances"), ("similarity", "similarity"), ("position_score", "position_scores")),
    ],
)
def test_what_scores_are_called(column, name):
    assert score_name(column) == name


def test_the_scores_of_a_query():
    assert len(GIVEN) == 3
    docs, values = GIVEN.of(0)
    assert docs.tolist() == [4, 1] and values.tolist() == [9, 8]
    assert GIVEN.of(1)[0].tolist() == []


def test_a_part_has_new_rows():
    part = GIVEN.part(np.array([0, 2], np.int32), np.array([1, 3], np.int32))
    assert part.begins.tolist() == [0, 1, 2]
    assert part.docs.tolist() == [0, 1] and part.values.tolist() == [8, 7]


def test_what_is_listed_was_judged_so_or_has_a_score_alone():
    rows = [
        {"query": "q", "pos": ["a"], "neg": ["b", "c"], "neg_scores": [0.5, None]},
        {"query": "r", "pos": ["b"], "neg": ["c"], "neg_scores": [0.1]},
    ]
    known = Collection.of(rows)
    queries, docs = known.listed()
    assert list(zip(queries.tolist(), known.documents.texts(docs), strict=True)) == [
        (0, "c"),
        (0, "b"),
        (1, "c"),
    ]
    assert known.judgments.relevance.tolist() == [1, 0, 1]
