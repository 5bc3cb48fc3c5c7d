"""Pairs are scored once each, and nothing is retrieved."""

import numpy as np
import pytest

from hardneg.rankers.pairs.scorer import PairScorer
from hardneg.rankers.pairs.store import PairStore
from hardneg.testing import collection

KNOWN = collection(
    {"a": "one", "b": "three", "c": "seven"}, {"q": "what", "r": "who"}, [("q", "a", 1), ("r", "a", 1)]
)
KNOWN_BOTH = np.array([0, 0], np.int32)


class Lengths(PairScorer):
    """The document's length, and the query's in tenths."""

    def __init__(self):
        super().__init__(KNOWN, {"kind": "lengths"})
        self.asked = []

    def _predict(self, queries, documents):
        self.asked += zip(queries, documents, strict=True)
        pairs = zip(queries, documents, strict=True)
        return np.array([len(doc) + len(query) / 10 for query, doc in pairs], np.float32)


def test_scores_stand_where_their_documents_do():
    found = Lengths().score(np.array([0], np.int32), np.array([[1, -1, 0]], np.int32))
    assert found.dtype == np.float32
    assert found[0].tolist() == pytest.approx([5.4, np.nan, 3.4], nan_ok=True)


def test_a_pair_is_scored_once_however_often_it_is_asked_for():
    scorer = Lengths()
    docs = np.array([[0, 0], [0, 1]], np.int32)
    assert scorer.score(KNOWN_BOTH, docs)[1].tolist() == pytest.approx([3.4, 5.4])
    assert scorer.asked == [("what", "one"), ("what", "three")]
    scorer.score(KNOWN_BOTH, docs)
    assert len(scorer.asked) == 2


def test_without_pairs_nothing_is_asked():
    scorer = Lengths()
    assert np.isnan(scorer.score(KNOWN_BOTH, np.full((2, 3), -1, np.int32))).all()
    assert scorer.score(KNOWN_BOTH[:0], np.empty((0, 3), np.int32)).shape == (0, 3)
    assert scorer.asked == []


def test_it_retrieves_nothing():
    scorer = Lengths()
    docs, scores = scorer.search(KNOWN_BOTH, 3)
    assert not scorer.retrieves and (docs == -1).all() and docs.shape == (2, 3) and docs.dtype == np.int32
    assert np.isnan(scores).all() and scores.dtype == np.float32


def test_chunks_end_where_a_query_does_and_hold_what_is_missing_alone():
    class Chunks(Lengths):
        def _predict(self, queries, documents):
            chunks.append([*zip(queries, documents, strict=True)])
            return super()._predict(queries, documents)

    chunks, scorer = [], Chunks()
    scorer._chunk = 2
    queries = np.array([0, 1], np.int32)
    scorer.score(queries, np.array([[0, 1, -1], [0, -1, -1]], np.int32))
    assert chunks == [[("what", "one"), ("what", "three")], [("who", "one")]]
    scorer.score(queries, np.array([[0, 1, 2], [0, 1, -1]], np.int32))
    assert chunks[2:] == [[("what", "seven")], [("who", "three")]]


def test_a_killed_run_scores_the_chunks_that_it_had_not_finished_and_no_others(tmp_path):
    class Killed(PairScorer):
        def __init__(self, dies_at=None):
            super().__init__(KNOWN, {}, scores=PairStore(tmp_path, "f" * 64), chunk=2)
            self.asked, self._dies_at = [], dies_at

        def _predict(self, queries, documents):
            if len(self.asked) == self._dies_at:
                raise KeyboardInterrupt
            self.asked.append(documents)
            return np.array([len(doc) for doc in documents], np.float32)

    queries, docs = np.array([0, 1], np.int32), np.array([[0, 1, 2], [2, 1, 0]], np.int32)
    with pytest.raises(KeyboardInterrupt):
        Killed(dies_at=1).score(queries, docs)
    resumed = Killed()
    assert resumed.score(queries, docs).tolist() == [[3, 5, 5], [5, 5, 3]]
    assert resumed.asked == [["seven", "three", "one"]]
