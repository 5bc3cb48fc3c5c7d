"""Scores that a source brings, as a ranker."""

import numpy as np
import pytest

from hardneg import Collection
from hardneg.core.components import RANKERS, Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.rankers.given import Given
from hardneg.testing import check_ranker

ROWS = [
    {
        "query": "q",
        "pos": ["a"],
        "neg": ["b", "c", "d"],
        "pos_scores": [0.9],
        "neg_scores": [0.2, 0.95, None],
    },
    {"query": "q", "pos": ["a"], "neg": ["b"], "pos_scores": [0.9], "neg_scores": [0.3]},
    {"query": "r", "pos": ["b"], "neg": ["a"]},
]
KNOWN = Collection.of(ROWS)
QUERIES = np.array([0, 1], np.int32)


@pytest.fixture
def opened(tmp_path):
    return Given("scores").open(KNOWN, Context(tmp_path))


def test_the_best_come_first_and_of_two_scores_for_a_pair_the_best_counts(opened):
    docs, scores = opened.search(QUERIES, 3)
    assert [KNOWN.documents.texts(row[row >= 0]) for row in docs] == [["c", "a", "b"], []]
    np.testing.assert_array_equal(scores[0], np.array([0.95, 0.9, 0.3], np.float32))
    assert opened.search(QUERIES[:1], 1)[0].shape == (1, 1)


def test_what_the_source_does_not_score_has_no_score(opened):
    scores = opened.score(QUERIES, np.array([[0, 1, 3, -1], [0, 1, 2, 3]], np.int32))
    np.testing.assert_array_equal(scores, np.array([[0.9, 0.3, np.nan, np.nan], [np.nan] * 4], np.float32))


def test_facts(opened):
    own = dict(opened.facts)
    assert len(own.pop("sha256")) == 64
    assert own == {
        "column": "scores", "scored": 5, "conflicting": 1,
        "low": pytest.approx(0.2), "high": pytest.approx(0.95),
    }  # fmt: skip


@pytest.mark.parametrize("column", ["scores", "score", "pos_scores", "neg_scores"])
def test_a_column_by_any_of_its_names(column, tmp_path):
    assert RANKERS.make(f"given:{column}").open(KNOWN, Context(tmp_path)).facts["column"] == "scores"


def test_scores_that_are_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"^memory brings no scores called bm25; found: given:scores\. "):
        Given("bm25").open(KNOWN, Context(tmp_path))
    with pytest.raises(ConfigError, match="found: none"):
        Given("scores").open(Collection.of([("q", "a")]), Context(tmp_path))


def test_distances_are_found_and_turned(tmp_path):
    rows = [{"query": f"q{n}", "pos": ["a"], "neg": ["b", "c"], "scores": [0.1, 0.5, 0.4]} for n in range(4)]
    known = Collection.of(rows)
    with pytest.raises(DataError, match="score below most candidates in 4 of 4 queries, as distances do: "):
        Given("scores").open(known, Context(tmp_path))
    turned, kept = (Given("scores", scores=own) for own in ("distance", "similarity"))
    docs, scores = turned.open(known, Context(tmp_path)).search(QUERIES, 3)
    assert known.documents.texts(docs[0]) == ["a", "c", "b"] and scores[0, 0] == np.float32(-0.1)
    assert (
        Given("scores", scores="similarity").open(known, Context(tmp_path)).search(QUERIES, 1)[0][0, 0] == 1
    )


def test_the_contract():
    check_ranker("given:scores", KNOWN)
