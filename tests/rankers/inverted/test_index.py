import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hardneg.rankers.inverted.index import InvertedIndex, SparseRows

WEIGHTS = st.sampled_from([0.0, 0.0, 0.5, 1.0, 1.0, 2.0])


def sparse(dense):
    rows, terms = np.nonzero(dense)
    indptr = np.searchsorted(rows, np.arange(len(dense) + 1))
    return SparseRows(indptr, terms.astype(np.int32), dense[rows, terms])


def index(dense):
    return InvertedIndex.of(sparse(dense), *dense.shape)


def test_dot_products_by_hand():
    documents = np.array([[1, 0], [0, 2], [1, 2], [0, 0]], np.float32)
    queries = sparse(np.array([[1, 0.5], [0, 0]], np.float32))
    docs, scores = index(documents).search(queries, 4)
    assert docs.tolist() == [[2, 0, 1, -1], [-1, -1, -1, -1]]
    np.testing.assert_array_equal(scores[0], np.array([2, 1, 1, np.nan], np.float32))
    given = index(documents).score(queries, np.array([[3, 2, -1], [0, 1, 2]], np.int32))
    np.testing.assert_array_equal(given, np.array([[0, 2, np.nan], [0, 0, 0]], np.float32))


def test_rows_are_taken_and_joined():
    dense = np.array([[1, 0, 2], [0, 0, 0], [0, 3, 0]], np.float32)
    both = SparseRows.concatenated([sparse(dense[:1]), sparse(dense[1:])])
    np.testing.assert_array_equal(both.indptr, [0, 2, 2, 3])
    taken = both.select(np.array([2, 1, 0, 0], np.int32))
    assert taken.indptr.tolist() == [0, 1, 1, 3, 5]
    assert taken.terms.tolist() == [1, 0, 2, 0, 2]
    assert taken.weights.tolist() == [3, 1, 2, 1, 2]
    assert SparseRows.concatenated([]).indptr.tolist() == [0]


@settings(max_examples=100, deadline=None)
@given(
    documents=st.lists(st.lists(WEIGHTS, min_size=5, max_size=5), min_size=1, max_size=30),
    queries=st.lists(st.lists(WEIGHTS, min_size=5, max_size=5), min_size=1, max_size=6),
    depth=st.integers(1, 12),
)
def test_equals_brute_force(documents, queries, depth):
    matrix, asked = np.array(documents, np.float32), np.array(queries, np.float32)
    products = asked @ matrix.T  # halves and small integers: exact in any order
    docs, scores = index(matrix).search(sparse(asked), depth)
    for row, product in enumerate(products.tolist()):
        expected = sorted((-score, doc) for doc, score in enumerate(product) if score > 0)[:depth]
        assert docs[row, : len(expected)].tolist() == [doc for _, doc in expected]
        assert scores[row, : len(expected)].tolist() == [-score for score, _ in expected]
        assert (docs[row, len(expected) :] == -1).all()
    everything = np.tile(np.arange(len(matrix), dtype=np.int32), (len(asked), 1))
    np.testing.assert_array_equal(index(matrix).score(sparse(asked), everything), products)


def test_scores_are_those_of_the_search_to_the_bit_and_do_not_depend_on_the_other_queries():
    draw = np.random.default_rng(1)
    matrix = (draw.random((500, 40)) * (draw.random((500, 40)) < 0.3)).astype(np.float32)
    asked = sparse((draw.random((17, 40)) * (draw.random((17, 40)) < 0.4)).astype(np.float32))
    docs, scores = index(matrix).search(asked, 500)
    np.testing.assert_array_equal(index(matrix).score(asked, docs), scores)
    one_docs, one_scores = index(matrix).search(asked.select(np.array([11], np.int32)), 500)
    np.testing.assert_array_equal(one_docs[0], docs[11])
    np.testing.assert_array_equal(one_scores[0], scores[11])
