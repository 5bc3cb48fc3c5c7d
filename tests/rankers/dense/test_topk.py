"""Exact search: by hand, against brute force in float64, and independent of shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardneg.core.errors import DataError
from hardneg.rankers.dense import topk
from hardneg.rankers.dense.approximate import Bf16, Fp32, PcaPrefix
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch

PRODUCTS = ["fp32", "bf16", "pca-prefix"]


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


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 60),
    size=st.integers(1, 20),
    dimension=st.sampled_from([1, 7, 33, 70]),
    asked=st.integers(1, 5),
    depth=st.integers(1, 70),
    levels=st.sampled_from([2, 1_000_000]),
    scale=st.sampled_from([1e-4, 1.0, 300.0]),
    product=st.sampled_from(PRODUCTS),
)
def test_agrees_with_brute_force(seed, count, size, dimension, asked, depth, levels, scale, product):
    """Any shape: ties, copies, negative scores, one query or document, too great a depth."""
    random = np.random.default_rng(seed)
    whole = (
        np.float32(scale) * random.integers(-levels, levels, (count, dimension)).astype(np.float32) / levels
    )
    queries = random.integers(-levels, levels, (asked, dimension)).astype(np.float32) / levels
    chunks = [whole[i : i + size] for i in range(0, count, size)]
    docs, scores = ExactSearch(Vectors(chunks, size), product=product).search(queries, depth)
    expected_docs, expected_scores = brute_force(queries, whole, min(depth, count))
    assert scores[:, :count] == pytest.approx(expected_scores, rel=1e-5, abs=1e-6 * scale)
    assert docs[:, :count].tolist() == expected_docs.tolist()
    assert (docs[:, count:] == -1).all() and np.isnan(scores[:, count:]).all()


def clustered(random, count, dimension=96):
    """Vectors of length 1 around 20 centres, most of them in few directions, as those of a model are."""
    axes = np.exp(-np.arange(dimension) / 12)
    made = random.normal(size=(20, dimension))[random.integers(0, 20, count)] * axes
    made += 0.3 * random.normal(size=(count, dimension)) * axes
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("product", PRODUCTS)
def test_vectors_as_a_models(product):
    random = np.random.default_rng(3)
    documents, queries = clustered(random, 4_000), clustered(random, 60)
    documents[1_000:1_300] = documents[:300]
    search = ExactSearch(Vectors([documents[i : i + 500] for i in range(0, 4_000, 500)], 500), 0, product)
    docs, scores = search.search(queries, 40)
    expected_docs, expected_scores = brute_force(queries, documents, 40)
    assert docs.tolist() == expected_docs.tolist()
    assert scores == pytest.approx(expected_scores, abs=1e-6)
    assert type(search._approximate) is {"fp32": Fp32, "bf16": Bf16, "pca-prefix": PcaPrefix}[product]


@pytest.mark.parametrize("product", PRODUCTS)
def test_no_exact_score_goes_beyond_its_bound(product):
    random = np.random.default_rng(4)
    documents, queries = clustered(random, 2_000), clustered(random, 50)
    search = ExactSearch(Vectors.of(documents), 0, product)
    approximate = search._prepare(queries, 10)
    prepared, margins = approximate.queries(queries)
    exact = queries.astype(np.float64) @ documents.astype(np.float64).T
    bounds = approximate.product(prepared, 0, slice(0, 2_000)).astype(np.float64)
    assert (exact < bounds + margins[:, None]).all()
    assert not approximate.two_sided or (exact > bounds - margins[:, None]).all()


def test_documents_that_get_ever_better_are_found_all_the_same():
    """The worst order: every document beats the best so far, so nothing can be ruled out."""
    random = np.random.default_rng(5)
    queries = clustered(random, 3)
    documents = clustered(random, 3_000)
    documents = documents[np.argsort(documents @ queries[0])]
    chunks = [documents[i : i + 200] for i in range(0, 3_000, 200)]
    docs, _ = ExactSearch(Vectors(chunks, 200), 0, "pca-prefix").search(queries, 30)
    assert docs.tolist() == brute_force(queries, documents, 30)[0].tolist()


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("better", [0, 3, 30])
def test_copies_without_number_are_told_apart_by_their_order(product, better):
    """Far more copies than a shortlist has room for, with better documents behind them."""
    random = np.random.default_rng(7)
    documents = np.repeat(clustered(random, 1), 6_000, axis=0)
    documents[5_000 : 5_000 + better] = clustered(random, better)
    queries = np.concatenate([documents[5_000:5_001], clustered(random, 2)])
    chunks = [documents[i : i + 2_500] for i in range(0, 6_000, 2_500)]
    docs, _ = ExactSearch(Vectors(chunks, 2_500), 0, product).search(queries, 20)
    assert docs.tolist() == brute_force(queries, documents, 20)[0].tolist()


def test_a_tile_holds_few_documents_where_queries_are_many(monkeypatch):
    monkeypatch.setattr(topk, "_TILE", 1_000)
    random = np.random.default_rng(8)
    documents, queries = clustered(random, 1_500), clustered(random, 40)
    for product in PRODUCTS:
        docs, _ = ExactSearch(Vectors([documents[:900], documents[900:]], 900), 0, product).search(queries, 7)
        assert docs.tolist() == brute_force(queries, documents, 7)[0].tolist()


def test_half_precision_vectors_are_searched_as_they_are():
    random = np.random.default_rng(6)
    documents, queries = clustered(random, 300).astype(np.float16), clustered(random, 5)
    docs, scores = ExactSearch(Vectors.of(documents)).search(queries, 9)
    expected = brute_force(queries, documents.astype(np.float32), 9)
    assert docs.tolist() == expected[0].tolist()
    assert scores == pytest.approx(expected[1], abs=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_no_numbers_are_errors(value):
    good, bad = np.ones((3, 4), np.float32), np.ones((3, 4), np.float32)
    bad[1, 2] = value
    with pytest.raises(DataError, match="document row 4, from 0, holds NaN or infinity"):
        ExactSearch(Vectors([good, bad], 3))
    with pytest.raises(DataError, match="query 1, from 0, holds NaN or infinity"):
        ExactSearch(Vectors.of(good)).search(bad, 2)


@pytest.mark.parametrize(
    ("fast", "asked", "kind"), [(True, 1_000, Bf16), (True, 10, Fp32), (False, 1_000, Fp32)]
)
def test_the_processor_decides_where_queries_are_many(monkeypatch, fast, asked, kind):
    monkeypatch.setattr(topk, "has_fast_bf16", lambda: fast)
    search = ExactSearch(Vectors.of(np.eye(4, dtype=np.float32)), asked)
    search.search(np.ones((1, 4), np.float32), 2)
    assert type(search._approximate) is kind


@pytest.mark.parametrize(("asked", "kind"), [(300, Fp32), (50_000, PcaPrefix)])
def test_turning_all_documents_must_pay_for_the_queries_to_come(monkeypatch, asked, kind):
    monkeypatch.setattr(topk, "has_fast_bf16", lambda: False)
    monkeypatch.setattr(topk, "_PCA_DOCUMENTS", 2_000)
    random = np.random.default_rng(9)
    documents, queries = clustered(random, 20_000), clustered(random, 50)
    search = ExactSearch(Vectors.of(documents), asked)
    docs, _ = search.search(queries, 10)
    assert type(search._approximate) is kind
    assert docs.tolist() == brute_force(queries, documents, 10)[0].tolist()


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


@pytest.mark.parametrize("product", PRODUCTS)
def test_vectors_of_zeros_have_scores_too(product):
    documents = np.zeros((4, 40), np.float32)
    docs, scores = ExactSearch(Vectors.of(documents), 0, product).search(np.ones((1, 40), np.float32), 2)
    assert docs.tolist() == [[0, 1]] and scores.tolist() == [[0, 0]]
