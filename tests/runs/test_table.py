"""Candidates and decisions as rows of the ledger, and back."""

import numpy as np
import pyarrow as pa
import pytest

from hardneg.core.errors import DataError
from hardneg.core.records import Candidates
from hardneg.runs.table import block_table, first_pairs, known_rows, stored_candidates
from hardneg.testing import collection

NAN = float("nan")
KNOWN = collection(
    {name: f"text of {name}" for name in "abc"}, {"q": "what", "r": "who"}, [("q", "a", 1), ("r", "c", 1)]
)
REASONS = ("judged_relevant", "top", "surplus", "relabelled")


def candidates(**changes):
    """q has a, positive, b and c; r has c alone, positive, which no ranker retrieved."""
    given = {
        "queries": np.array([0, 1], np.int32),
        "docs": np.array([[0, 1, 2], [2, -1, -1]], np.int32),
        "ranks": np.array([[1, 2, 3], [0, 0, 0]], np.int32),
        "scores": {"bm25": np.array([[3, 2, NAN], [1, NAN, NAN]], np.float32)},
        "positive": {"bm25": np.array([3, NAN], np.float32)},
        "scorer": "bm25",
        "evidence": {"guide": np.array([[NAN, 0.5, 0.25], [NAN] * 3], np.float32)},
        "probability": np.array([[NAN, 0.25, NAN], [NAN] * 3], np.float32),
        **changes,
    }
    return Candidates(**given)


def rows(weighted=False, **changes):
    reason = np.array([[0, 1, 2], [0, -1, -1]], np.int16)
    copies = np.array([[0, 1, 0], [0, 0, 0]], np.int16)
    return block_table(KNOWN, candidates(**changes), REASONS, reason, copies, weighted).to_pydict()


def test_a_row_is_a_candidate_in_the_order_of_queries_and_pools():
    assert rows() == {
        "query_id": ["q", "q", "q", "r"], "doc_id": ["a", "b", "c", "c"], "rank": [1, 2, 3, None],
        "score.bm25": [3, 2, None, 1], "positive.bm25": [3, 3, 3, None],
        "decision": ["positive", "negative", "dropped", "positive"],
        "reason": ["judged_relevant", "top", "surplus", "judged_relevant"],
        "evidence.guide": [None, 0.5, 0.25, None], "p_false_negative": [None, 0.25, None, None],
        "weight": [None, 1, None, None], "copies": [0, 1, 0, 0],
    }  # fmt: skip


def test_a_negative_weighs_one_less_its_probability_on_demand():
    assert rows(weighted=True)["weight"] == [None, 0.75, None, None]
    made = rows(weighted=True, probability=None)
    assert made["weight"] == [None, 1, None, None] and made["p_false_negative"] == [None] * 4


def test_of_pairs_the_positive_is_named():
    made = rows(pair=np.array([0, 2], np.int32))
    assert made["positive_id"] == ["a", "a", "a", "c"] and list(made)[:3] == [
        "query_id",
        "positive_id",
        "doc_id",
    ]


def test_what_is_relabelled_is_positive():
    reason = np.array([[0, 3, 2], [0, -1, -1]], np.int16)
    made = block_table(KNOWN, candidates(), REASONS, reason, np.zeros((2, 3), np.int16)).to_pydict()
    assert made["decision"] == ["positive", "positive", "dropped", "positive"]


def test_stored_candidates_are_what_the_rankers_gave():
    stored = stored_candidates(pa.table(rows()), KNOWN, "bm25")
    given = candidates()
    for name in ("queries", "docs", "ranks"):
        assert getattr(stored, name).tolist() == getattr(given, name).tolist()
        assert getattr(stored, name).dtype == np.int32
    assert np.array_equal(stored.scores["bm25"], given.scores["bm25"], equal_nan=True)
    assert np.array_equal(stored.evidence["guide"], given.evidence["guide"], equal_nan=True)
    assert stored.positive == {} and stored.probability is None and stored.scorer == "bm25"


def test_of_no_rows_there_are_no_candidates():
    assert stored_candidates(pa.table(rows()).slice(0, 0), KNOWN, "bm25").shape == (0, 0)


def test_a_query_s_rows_are_taken_once_where_every_pair_has_its_own():
    table = pa.table({"query_id": list("qqqqr"), "positive_id": list("aabbc"), "doc_id": list("xyxyz")})
    assert first_pairs(table).to_pydict() == {
        "query_id": list("qqr"), "positive_id": list("aac"), "doc_id": list("xyz"),
    }  # fmt: skip
    plain = table.drop_columns("positive_id")
    assert first_pairs(plain) is plain


def test_an_id_that_the_collection_does_not_hold_is_told():
    assert known_rows(np.array([0, 1], np.int32), "query").tolist() == [0, 1]
    with pytest.raises(DataError, match="names a query that is not in the collection"):
        known_rows(np.array([0, -1], np.int32), "query")
    with pytest.raises(DataError, match="names a document that is not"):
        stored_candidates(pa.table({**rows(), "doc_id": list("abcz")}), KNOWN, "bm25")
