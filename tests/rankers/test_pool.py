"""The union of several rankers' lists, its order and its scores."""

import numpy as np
import pytest

from hardneg.rankers.pool import Pool
from hardneg.testing import FakeRanker, collection

NAN = float("nan")
DOCS = {name: f"text {name}" for name in "abcde"}


def pooled(rankers, depth, order="rrf", judgments=(("q", "a", 1),)):
    known = collection(DOCS, {"q": "question"}, list(judgments))
    return Pool(known, rankers, order, next(iter(rankers))).candidates(np.array([0], np.int32), depth)


def letters(docs):
    return "".join("abcde"[doc] for doc in docs if doc >= 0)


def test_one_ranker_keeps_its_own_order():
    candidates = pooled({"dense": FakeRanker([[0.5, 0.9, 0.8, 0.1, 0.0]])}, 4)
    assert letters(candidates.docs[0]) == "bcad"
    assert candidates.ranks[0].tolist() == [1, 2, 3, 4]
    assert candidates.scores["dense"][0].tolist() == pytest.approx([0.9, 0.8, 0.5, 0.1])


def test_equal_scores_rank_in_the_corpus_order():
    assert letters(pooled({"dense": FakeRanker([[0.5] * 5])}, 3).docs[0]) == "abc"


def test_a_positive_that_is_not_retrieved_comes_last_with_its_score_and_no_rank():
    candidates = pooled({"dense": FakeRanker([[0.1, 0.9, 0.8, 0.7, 0.6]])}, 2)
    assert letters(candidates.docs[0]) == "bca"
    assert candidates.ranks[0].tolist() == [1, 2, 0]
    assert candidates.scores["dense"][0, 2] == pytest.approx(0.1)


def test_all_rankers_score_the_whole_pool():
    rankers = {
        "bm25": FakeRanker([[NAN, 3.0, 2.0, NAN, NAN]]),
        "dense": FakeRanker([[0.9, 0.1, 0.2, 0.8, 0.0]]),
    }
    candidates = pooled(rankers, 2)
    assert sorted(letters(candidates.docs[0])) == list("abcd")
    place = letters(candidates.docs[0]).index("b")
    assert candidates.scores["dense"][0, place] == pytest.approx(0.1)
    assert np.isnan(candidates.scores["bm25"][0, letters(candidates.docs[0]).index("a")])


def test_reciprocal_rank_fusion_orders_the_pool():
    # a: 1/61 + 1/62, b: 1/61, c: 1/62: the order a, b, c.
    rankers = {
        "bm25": FakeRanker([[3.0, NAN, NAN, NAN, 9.0]]),
        "dense": FakeRanker([[0.8, 0.9, NAN, NAN, NAN]]),
    }
    assert letters(pooled(rankers, 2).docs[0]) == "abe"


def test_a_named_ranker_may_order_the_pool():
    rankers = {
        "bm25": FakeRanker([[3.0, 2.0, NAN, NAN, 9.0]]),
        "dense": FakeRanker([[0.8, 0.9, 0.1, NAN, 0.2]]),
    }
    assert letters(pooled(rankers, 3, order="dense").docs[0]) == "bae"


def test_a_reranker_scores_but_does_not_retrieve():
    rankers = {
        "dense": FakeRanker([[0.9, 0.8, 0.7, 0.1, 0.0]]),
        "cross-encoder": FakeRanker([[1.0, 2.0, 3.0, 9.0, 9.0]], retrieves=False),
    }
    candidates = pooled(rankers, 3, order="cross-encoder")
    assert letters(candidates.docs[0]) == "cba"


def test_exhausted_when_the_lists_end_before_the_depth():
    sparse = FakeRanker([[3.0, 2.0, NAN, NAN, NAN]])
    assert pooled({"bm25": sparse}, 2).exhausted.tolist() == [False]
    assert pooled({"bm25": sparse}, 3).exhausted.tolist() == [True]
    assert pooled({"dense": FakeRanker([[0.5] * 5])}, 9).exhausted.tolist() == [True]
