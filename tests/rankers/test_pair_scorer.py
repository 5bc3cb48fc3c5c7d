"""Pairs are scored once each, and nothing is retrieved."""

import numpy as np
import pytest

from hardneg.rankers import pair_scorer
from hardneg.rankers.pair_scorer import PairScorer
from hardneg.testing import collection

KNOWN = collection({"a": "one", "b": "three", "c": "seven"}, {"q": "what", "r": "who"}, [("q", "a", 1)])
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


def test_too_many_scores_are_forgotten(monkeypatch):
    monkeypatch.setattr(pair_scorer, "_CACHED_PAIRS", 2)
    scorer = Lengths()
    query, docs = np.array([0], np.int32), np.array([[0, 1, 2]], np.int32)
    scorer.score(query, docs[:, :2])
    scorer.score(query, docs[:, :2])
    assert len(scorer.asked) == 2, "two are kept"
    scorer.score(query, docs)
    scorer.score(query, docs)
    assert len(scorer.asked) == 3 + 3


def test_it_retrieves_nothing():
    scorer = Lengths()
    docs, scores = scorer.search(KNOWN_BOTH, 3)
    assert not scorer.retrieves and (docs == -1).all() and docs.shape == (2, 3) and docs.dtype == np.int32
    assert np.isnan(scores).all() and scores.dtype == np.float32
