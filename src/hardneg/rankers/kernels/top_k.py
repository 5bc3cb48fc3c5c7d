"""The best columns of each row of a score matrix: exact, ties by the lower column.

Each row has a heap of its best columns, the worst on top, whose score is the threshold for all that follow.
Chunks of columns are first compared with the threshold as a whole, which the compiler vectorises; once the
heap is full nearly all chunks are skipped.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.kernels.jit import njit
from hardneg.rankers.kernels.parallel import parallel_for

CHUNK = 128
"""Columns compared with the threshold at once."""


def top_k(scores: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
    """Returns the best columns of each row, best first, equal scores by the lower column.

    Args:
        scores: (n, m) float32; -inf and NaN are never returned.
        depth: Columns per row, at least 1.

    Returns:
        docs (n, depth) int32, -1 where the row has fewer; scores (n, depth) float32, NaN there.
    """
    best = TopK(len(scores), depth)
    best.update(scores, 0)
    return best.result()


def top_k_of(docs: IntArray, scores: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
    """Returns the best of given documents, (n, m) int32, by their scores, (n, m) float32, as `top_k` does."""
    columns, best = top_k(scores, depth)
    found = np.take_along_axis(docs, np.maximum(columns, 0), axis=1)
    return np.where(columns >= 0, found, np.int32(-1)), best


class TopK:
    """The best `depth` columns of each of `n` rows, over blocks of columns that come one after the other."""

    def __init__(self, n: int, depth: int) -> None:
        self._docs = np.full((n, depth), -1, np.int32)
        self._scores = np.full((n, depth), np.nan, np.float32)
        self._sizes = np.zeros(n, np.int32)

    def update(self, scores: FloatArray, offset: int) -> None:
        """Adds scores (n, m) float32, -inf and NaN never kept, of the columns from `offset` on, ascending."""
        block = np.ascontiguousarray(scores, np.float32)
        heaps: tuple[Any, ...] = self._docs, self._scores, self._sizes
        parallel_for(lambda rows: _update(block[rows], offset, *(array[rows] for array in heaps)), len(block))

    def result(self) -> tuple[IntArray, FloatArray]:
        """Returns the best so far, as `top_k` does."""
        result = self._docs.copy(), self._scores.copy()
        sort_heaps(*result, self._sizes)
        return result


def sort_heaps(docs: IntArray, scores: FloatArray, sizes: IntArray) -> None:
    """Sorts the heap of each row in place; see `heap_sort`."""
    parallel_for(lambda rows: _sort(docs[rows], scores[rows], sizes[rows]), len(docs))


@njit
def push_row(
    row: FloatArray, offset: int, floor: float, docs: IntArray, scores: FloatArray, size: int
) -> int:
    """Pushes scores above the floor into a heap of the best, the worst first; returns the heap's new size.

    The columns are numbered from `offset`, which is higher than all in the heap. NaN is never pushed.
    """
    threshold: np.float32 = scores[0] if size == len(docs) else np.float32(floor)
    for begin in range(0, len(row), CHUNK):
        if not any_above(row, begin, threshold):
            continue
        for column in range(begin, min(begin + CHUNK, len(row))):
            if row[column] > threshold:
                size = heap_push(docs, scores, size, offset + column, row[column])
                if size == len(docs):
                    threshold = scores[0]
    return size


@njit
def heap_sort(docs: IntArray, scores: FloatArray, size: int) -> None:
    """Sorts a heap of the best columns in place: best first, ties by the lower column."""
    for last in range(size - 1, 0, -1):
        doc, score = docs[last], scores[last]
        docs[last], scores[last] = docs[0], scores[0]
        _sift_down(docs, scores, last, doc, score)


@njit
def heap_push(docs: IntArray, scores: FloatArray, size: int, doc: int, score: float) -> int:
    """Pushes one column into a heap of the best, in place of the worst if it is full; returns its size."""
    if size == len(docs):
        _sift_down(docs, scores, size, doc, score)
        return size
    node = size
    while node > 0 and _worse(score, doc, scores[(node - 1) // 2], docs[(node - 1) // 2]):
        parent = (node - 1) // 2
        docs[node], scores[node] = docs[parent], scores[parent]
        node = parent
    docs[node], scores[node] = doc, score
    return size + 1


@njit
def _sift_down(docs: IntArray, scores: FloatArray, size: int, doc: int, score: float) -> None:
    node = 0
    while 2 * node + 1 < size:
        child = 2 * node + 1
        if child + 1 < size and _worse(scores[child + 1], docs[child + 1], scores[child], docs[child]):
            child += 1
        if _worse(score, doc, scores[child], docs[child]):
            break
        docs[node], scores[node] = docs[child], scores[child]
        node = child
    docs[node], scores[node] = doc, score


@njit
def _worse(score: float, doc: int, other_score: float, other_doc: int) -> bool:
    return score < other_score or (score == other_score and doc > other_doc)


@njit
def any_above(row: FloatArray, begin: int, threshold: np.float32) -> bool:
    """Returns whether any of the `CHUNK` entries of a row from `begin` on is greater than the threshold."""
    chunk, found = row[begin : begin + CHUNK], False
    for column in range(len(chunk)):
        found |= chunk[column] > threshold  # counting them would be a fifth as fast
    return found


@njit
def _update(block: FloatArray, offset: int, docs: IntArray, scores: FloatArray, sizes: IntArray) -> None:
    for row in range(len(block)):
        sizes[row] = push_row(block[row], offset, -np.inf, docs[row], scores[row], sizes[row])


@njit
def _sort(docs: IntArray, scores: FloatArray, sizes: IntArray) -> None:
    for row in range(len(docs)):
        heap_sort(docs[row], scores[row], sizes[row])
