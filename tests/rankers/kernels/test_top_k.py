import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hardneg.rankers.kernels.top_k import TopK, top_k

NAN = float("nan")
VALUES = st.sampled_from([-np.inf, np.inf, NAN, -2.0, -1.0, 0.0, -0.0, 1.0, 2.0, 3.5])


def by_hand(row, depth):
    kept = [(-score, column) for column, score in enumerate(row) if score > -np.inf]
    found = sorted(kept)[:depth]
    pad = depth - len(found)
    return [column for _, column in found] + [-1] * pad, [-score for score, _ in found] + [NAN] * pad


def test_best_first_and_ties_by_the_lower_column():
    docs, scores = top_k(np.array([[1, 3, 3, 2], [0, 0, 0, 0]], np.float32), 3)
    assert docs.tolist() == [[1, 2, 3], [0, 1, 2]]
    assert scores.tolist() == [[3, 3, 2], [0, 0, 0]]
    assert docs.dtype == np.int32 and scores.dtype == np.float32


def test_nan_and_minus_infinity_are_never_returned():
    docs, scores = top_k(np.array([[NAN, -np.inf, -5, np.inf]], np.float32), 4)
    assert docs.tolist() == [[3, 2, -1, -1]]
    np.testing.assert_array_equal(scores, np.array([[np.inf, -5, NAN, NAN]], np.float32))


def test_no_rows_and_no_columns():
    assert top_k(np.empty((0, 5), np.float32), 2)[0].shape == (0, 2)
    assert top_k(np.empty((2, 0), np.float32), 2)[0].tolist() == [[-1, -1], [-1, -1]]


@settings(max_examples=200, deadline=None)
@given(
    rows=st.integers(0, 30).flatmap(
        lambda m: st.lists(st.lists(VALUES, min_size=m, max_size=m), min_size=1, max_size=4)
    ),
    depth=st.integers(1, 35),
    cut=st.integers(0, 30),
)
def test_equals_a_full_sort_whole_or_in_blocks(rows, depth, cut):
    scores = np.array(rows, np.float32).reshape(len(rows), -1)
    expected = [by_hand(row, depth) for row in scores.tolist()]
    best = TopK(len(rows), depth)
    best.update(scores[:, :cut], 0)
    best.update(scores[:, cut:], min(cut, scores.shape[1]))
    for docs, found in (top_k(scores, depth), best.result()):
        assert docs.tolist() == [columns for columns, _ in expected]
        np.testing.assert_array_equal(found, np.array([s for _, s in expected], np.float32))


def test_wide_rows_in_blocks_equal_a_stable_sort():
    scores = np.random.default_rng(0).integers(0, 40, (7, 5_000)).astype(np.float32)
    best = TopK(7, 300)
    for begin in range(0, 5_000, 700):
        best.update(scores[:, begin : begin + 700], begin)
        best.result()
    docs, found = best.result()
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :300]
    np.testing.assert_array_equal(docs, expected)
    np.testing.assert_array_equal(found, np.take_along_axis(scores, expected, axis=1))
