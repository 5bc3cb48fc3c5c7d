import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardneg.rankers.inverted.index import InvertedIndex, SparseRows
from hardneg.rankers.inverted.max_score import search_rows, weight_ranges

TINY = float(np.finfo(np.float32).smallest_subnormal)
HUGE = float(np.finfo(np.float32).max)
KINDS = {
    "bm25": lambda draw, size: draw.random(size),
    "few values": lambda draw, size: draw.choice([0.1, 0.2, 0.3, 0.7], size),
    "one value": lambda draw, size: np.ones(size),
    "zeros": lambda draw, size: draw.choice([0.0, -0.0, 0.5], size),
    "all magnitudes": lambda draw, size: 10.0 ** draw.uniform(-9, 3, size),
    "subnormal": lambda draw, size: draw.choice([TINY, 3 * TINY, 1e-40, 1e-30], size),
    "huge": lambda draw, size: draw.choice([HUGE, HUGE / 2, 1.0], size),
    "negative": lambda draw, size: draw.normal(size=size),
    "below 0": lambda draw, size: -draw.random(size),
    "infinite": lambda draw, size: draw.choice([np.inf, 1.0, 2.0], size),
    "nan": lambda draw, size: draw.choice([np.nan, 1.0, 2.0, 3.0], size),
}


def exhaustive(index, queries, depth):
    """Returns what a search returns, from the sums of all documents in the order of the query's terms."""
    shape = len(queries.indptr) - 1, depth
    docs, scores = np.full(shape, -1, np.int32), np.full(shape, np.nan, np.float32)
    for row in range(len(docs)):
        totals = np.zeros(index.n_docs, np.float32)
        for entry in range(queries.indptr[row], queries.indptr[row + 1]):
            own = slice(*index.indptr[queries.terms[entry] :][:2])
            totals[index.docs[own]] += queries.weights[entry] * index.weights[own]
        found = np.flatnonzero(totals > 0)
        best = found[np.argsort(-totals[found], kind="stable")][:depth]
        docs[row, : len(best)], scores[row, : len(best)] = best, totals[best]
    return docs, scores


def drawn(draw, n, n_terms, shares, kind):
    """Returns rows, each with a term by the share of rows that the term is in, terms in any order."""
    rows = [np.flatnonzero(draw.random(n_terms) < shares).astype(np.int32) for _ in range(n)]
    for row in rows:
        draw.shuffle(row)
    indptr = np.cumsum([0, *map(len, rows)])
    with np.errstate(under="ignore"):
        weights = KINDS[kind](draw, indptr[-1]).astype(np.float32)
    return SparseRows(indptr, np.concatenate([*rows, np.empty(0, np.int32)]), weights)


def searched(index, queries, depth, window, summed_whole=0, part=None, floors=None):
    shape = len(queries.indptr) - 1, depth
    docs, scores = np.full(shape, -1, np.int32), np.full(shape, np.nan, np.float32)
    of_index = index.indptr, index.docs, index.weights, index.weight_ranges, index.n_docs
    of_queries = queries.indptr, queries.terms, queries.weights
    own = part or (0, index.n_docs), np.zeros(shape[0], np.float32) if floors is None else floors
    search_rows(*of_index, *of_queries, docs, scores, *own, window, summed_whole)
    return docs, scores


def assert_same(index, queries, depth, window, summed_whole=0):
    with np.errstate(all="ignore"):
        expected = exhaustive(index, queries, depth)
    for found in (searched(index, queries, depth, window, summed_whole), index.search(queries, depth)):
        for array, right in zip(found, expected, strict=True):
            assert array.dtype == right.dtype
            assert array.tobytes() == right.tobytes()


@settings(max_examples=600, deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    n_docs=st.sampled_from([1, 2, 50, 400]),
    n_terms=st.sampled_from([1, 3, 20]),
    rare=st.sampled_from([0.02, 0.3, 1.0]),
    document_kind=st.sampled_from(sorted(KINDS)),
    query_kind=st.sampled_from(sorted(KINDS)),
    depth=st.sampled_from([1, 2, 7, 60, 500]),
    window=st.sampled_from([1, 3, 16, 130, 8_192]),
    summed_whole=st.sampled_from([0, 0, 0, 2]),
)
def test_the_same_bits_as_the_sums_of_all_documents(
    seed, n_docs, n_terms, rare, document_kind, query_kind, depth, window, summed_whole
):
    draw = np.random.default_rng(seed)
    shares = draw.choice([0.01, rare, 0.95], n_terms)
    index = InvertedIndex.of(drawn(draw, n_docs, n_terms, shares, document_kind), n_docs, n_terms)
    queries = drawn(draw, 4, n_terms, draw.choice([0.2, 1.0]), query_kind)
    assert_same(index, queries, depth, window, summed_whole)


@settings(max_examples=600, deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    n_docs=st.sampled_from([1, 2, 50, 400]),
    n_terms=st.sampled_from([1, 3, 20]),
    rare=st.sampled_from([0.02, 0.3, 1.0]),
    document_kind=st.sampled_from(sorted(KINDS)),
    query_kind=st.sampled_from(sorted(KINDS)),
    depth=st.sampled_from([1, 2, 7, 60, 500]),
    window=st.sampled_from([1, 3, 16, 130, 8_192]),
    summed_whole=st.sampled_from([0, 0, 0, 2]),
    rank=st.integers(0, 20),
)
def test_a_part_has_the_bits_of_all_that_are_in_it_and_above_the_floor(
    seed, n_docs, n_terms, rare, document_kind, query_kind, depth, window, summed_whole, rank
):
    draw = np.random.default_rng(seed)
    shares = draw.choice([0.01, rare, 0.95], n_terms)
    index = InvertedIndex.of(drawn(draw, n_docs, n_terms, shares, document_kind), n_docs, n_terms)
    queries = drawn(draw, 4, n_terms, draw.choice([0.2, 1.0]), query_kind)
    first = int(draw.integers(0, n_docs))
    last = int(draw.integers(first + 1, n_docs + 1))
    with np.errstate(all="ignore"):
        docs, scores = exhaustive(index, queries, n_docs)
    floors = np.nan_to_num(scores[:, min(rank, n_docs - 1)], nan=0, posinf=np.inf)
    found = searched(index, queries, depth, window, summed_whole, (first, last), floors)
    for row in range(len(docs)):
        own = (docs[row] >= first) & (docs[row] < last) & (scores[row] > floors[row])
        for array, every, nothing in zip(found, (docs, scores), (-1, np.nan), strict=True):
            expected = np.full(depth, nothing, array.dtype)
            best = every[row, own][:depth]
            expected[: len(best)] = best
            assert array[row].tobytes() == expected.tobytes()


@pytest.mark.parametrize("depth", [1, 10, 100])
@pytest.mark.parametrize("window", [64, 1_000, 8_192])
def test_the_same_bits_with_frequencies_of_words_and_repeated_terms(depth, window):
    draw = np.random.default_rng(depth)
    n_docs, n_terms = 20_000, 2_000
    documents = drawn(draw, n_docs, n_terms, np.minimum(0.9, 2.0 / np.arange(1, n_terms + 1)), "bm25")
    idf = np.log(1 + n_docs / np.bincount(documents.terms, minlength=n_terms).clip(1)).astype(np.float32)
    weighted = SparseRows(documents.indptr, documents.terms, documents.weights * idf[documents.terms])
    index = InvertedIndex.of(weighted, n_docs, n_terms)
    asked = drawn(draw, 30, n_terms, np.minimum(0.9, 2.0 / np.arange(1, n_terms + 1)), "bm25")
    repeated = SparseRows(
        asked.indptr, asked.terms, draw.choice([1, 1, 1, 2, 3], len(asked.terms)).astype(np.float32)
    )
    assert_same(index, repeated, depth, window)
    rounded = InvertedIndex(index.indptr, index.docs, np.ceil(index.weights), n_docs)
    assert_same(rounded, repeated, depth, window)  # many equal scores


def test_a_score_that_rounding_lifts_above_the_sum_of_its_bounds_is_found():
    """Ten times a bit more than u added to 1 gives 1 + 20 u: above 1 + 12 u, as the exact sum is not."""
    u = np.float32(2.0**-24)
    weights = np.array([1 + 12 * u, 1, *[u * np.float32(1.01)] * 10], np.float32)
    assert weights[0] > np.sum(weights[1:], dtype=np.float64)
    documents = SparseRows(np.array([0, 1, 12]), np.arange(12, dtype=np.int32), weights)
    query = SparseRows(np.array([0, 12]), np.arange(12, dtype=np.int32), np.ones(12, np.float32))
    docs, scores = searched(InvertedIndex.of(documents, 2, 12), query, 1, window=1)
    assert docs.tolist() == [[1]] and scores[0, 0] == 1 + 20 * u


def test_a_sum_that_cancels_has_no_bound_and_is_found():
    """1.5 + 2.6 + 1e8 - 1e8 is 8, as numbers of fp32 near 1e8 are 8 apart; the other document scores 6.6."""
    indptr = np.array([0, 1, 2, 3, 4, 6])
    docs, weights = np.array([0, 1, 1, 1, 1, 2], np.int32), [6.6, 1.5, 2.6, 1e8, -1e8, 1e-3]
    index = InvertedIndex(indptr, docs, np.array(weights, np.float32), 3)
    query = SparseRows(np.array([0, 5]), np.arange(5, dtype=np.int32), np.ones(5, np.float32))
    docs, scores = searched(index, query, 1, window=1)
    assert docs.tolist() == [[1]] and scores.tolist() == [[8]]


def test_ranges_of_weights():
    indptr = np.array([0, 2, 2, 5])
    weights = np.array([2, 1, -1, 0, 3], np.float32)
    assert weight_ranges(indptr, weights).tolist() == [[1, 2], [0, 0], [-1, 3]]
    assert np.isnan(weight_ranges(indptr, np.array([np.nan, 1, 1, np.nan, 1], np.float32))[[0, 2]]).all()
