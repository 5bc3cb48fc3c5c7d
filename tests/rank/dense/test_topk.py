"""Exact search: by hand, against brute force in float64, and independent of shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardneg.rank.dense.store import Vectors
from hardneg.rank.dense.topk import ExactSearch


def brute_force(queries, documents, depth):
    exact = (queries.astype(np.float64) @ documents.astype(np.float64).T).astype(np.float32)
    order = np.lexsort((np.broadcast_to(np.arange(len(documents)), exact.shape), -exact))[:, :depth]
    return order.astype(np.int32), np.take_along_axis(exact, order, axis=1)


def test_the_nearest_by_hand():
    documents = np.array([[1, 0], [0, 1], [0.5, 0.5]], np.float32)
    docs, scores = ExactSearch(Vectors.of(documents)).search(np.array([[1, 0.25]], np.float32), 2)
    assert docs.tolist() == [[0, 2]]
    assert scores.tolist() == [[1.0, 0.625]]


def test_equal_vectors_come_in_the_corpus_order():
    documents = np.ones((100, 3), np.float32)
    docs, _ = ExactSearch(Vectors.of(documents)).search(np.ones((2, 3), np.float32), 5)
    assert docs.tolist() == [[0, 1, 2, 3, 4]] * 2


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 60),
    size=st.integers(1, 20),
    depth=st.integers(1, 60),
    levels=st.sampled_from([2, 1_000_000]),
)
def test_agrees_with_brute_force(seed, count, size, depth, levels):
    random = np.random.default_rng(seed)
    whole = random.integers(-levels, levels, (count, 7)).astype(np.float32) / levels
    queries = random.integers(-levels, levels, (5, 7)).astype(np.float32) / levels
    chunks = [whole[i : i + size] for i in range(0, count, size)]
    depth = min(depth, count)
    docs, scores = ExactSearch(Vectors(chunks, size)).search(queries, depth)
    expected_docs, expected_scores = brute_force(queries, whole, depth)
    assert scores == pytest.approx(expected_scores, abs=1e-6)
    assert docs.tolist() == expected_docs.tolist()


def test_a_query_has_the_same_answer_in_any_company():
    random = np.random.default_rng(1)
    documents = random.normal(size=(3_000, 64)).astype(np.float32)
    queries = random.normal(size=(50, 64)).astype(np.float32)
    search = ExactSearch(Vectors([documents[i : i + 700] for i in range(0, 3_000, 700)], 700))
    docs, scores = search.search(queries, 20)
    for row in (0, 7, 49):
        alone_docs, alone_scores = search.search(queries[row : row + 1], 20)
        assert alone_docs.tolist() == docs[row : row + 1].tolist()
        assert alone_scores.tobytes() == scores[row : row + 1].tobytes()


def test_score_gives_the_same_bits_as_search():
    random = np.random.default_rng(2)
    documents = random.normal(size=(500, 32)).astype(np.float32)
    queries = random.normal(size=(8, 32)).astype(np.float32)
    search = ExactSearch(Vectors.of(documents))
    docs, scores = search.search(queries, 10)
    assert search.score(queries, docs).tobytes() == scores.tobytes()


def test_score_of_no_document_is_nan():
    search = ExactSearch(Vectors.of(np.eye(2, dtype=np.float32)))
    scores = search.score(np.ones((1, 2), np.float32), np.array([[1, -1]], np.int32))
    assert scores[0, 0] == 1.0 and np.isnan(scores[0, 1])


def test_no_queries_give_no_answers():
    docs, scores = ExactSearch(Vectors.of(np.eye(2, dtype=np.float32))).search(
        np.empty((0, 2), np.float32), 2
    )
    assert docs.shape == scores.shape == (0, 2)
