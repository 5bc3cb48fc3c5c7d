"""The best columns of each row of a score matrix: exact, ties by the lower column.

Each row keeps a heap of its best columns, the worst on top, whose score is the bar for all that follow.
Chunks of columns are first compared with the bar as a whole, which the compiler vectorises; once the heap
is full nearly all chunks fail there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.kernels.jit import njit
from hardneg.rankers.kernels.parallel import parallel_for

__all__ = ["CHUNK", "TopK", "best_first", "is_above", "put", "sort", "take", "top"]

CHUNK = 128
"""Columns compared with the bar at once: a constant of the compiled code, which unrolls and vectorises it."""


def top(scores: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
    """Returns the best columns of each row, best first, equal scores by the lower column.

    Args:
        scores: (n, m) float32; -inf and NaN are never returned.
        depth: How many columns of each row, at least 1.

    Returns:
        docs (n, depth) int32, -1 where the row has fewer; scores (n, depth) float32, NaN there.
    """
    running = TopK(len(scores), depth)
    running.update(scores, 0)
    return running.result()


class TopK:
    """The best columns of each row, over blocks of columns that come one after the other.

    Args:
        n: How many rows.
        depth: How many columns of each row to keep, at least 1.
    """

    def __init__(self, n: int, depth: int) -> None:
        self._docs = np.full((n, depth), -1, np.int32)
        self._scores = np.full((n, depth), np.nan, np.float32)
        self._sizes = np.zeros(n, np.int32)

    def update(self, scores: FloatArray, offset: int) -> None:
        """Takes in one block of columns.

        Args:
            scores: (n, m) float32; -inf and NaN are never kept.
            offset: The column number of the block's first column; blocks come in ascending order.
        """
        block = np.ascontiguousarray(scores, np.float32)
        kept: tuple[Any, ...] = self._docs, self._scores, self._sizes
        parallel_for(lambda rows: _update(block[rows], offset, *(each[rows] for each in kept)), len(block))

    def result(self) -> tuple[IntArray, FloatArray]:
        """Returns the best so far, best first: docs (n, depth) int32 and scores (n, depth) float32.

        Where a row has had fewer columns, docs are -1 and scores NaN.
        """
        found = self._docs.copy(), self._scores.copy()
        sort(*found, self._sizes)
        return found


def sort(docs: IntArray, scores: FloatArray, sizes: IntArray) -> None:
    """Sorts the heap of each row in place; see `best_first`."""
    parallel_for(lambda rows: _sort(docs[rows], scores[rows], sizes[rows]), len(docs))


@njit
def take(row: FloatArray, offset: int, floor: float, docs: IntArray, scores: FloatArray, size: int) -> int:
    """Takes the columns of a row into a heap of the best, the worst first; returns the heap's size.

    Args:
        row: (m,) float32; NaN is never taken.
        offset: The column number of the row's first entry, higher than all columns in the heap.
        floor: Scores that are not above it are not taken.
        docs: (depth,) int32, the heap's columns.
        scores: (depth,) float32, their scores.
        size: How many the heap holds.
    """
    bar: np.float32 = scores[0] if size == len(docs) else np.float32(floor)
    for begin in range(0, len(row), CHUNK):
        if not is_above(row, begin, bar):
            continue
        for column in range(begin, min(begin + CHUNK, len(row))):
            if row[column] > bar:
                size = put(docs, scores, size, offset + column, row[column])
                if size == len(docs):
                    bar = scores[0]
    return size


@njit
def best_first(docs: IntArray, scores: FloatArray, size: int) -> None:
    """Sorts a heap of the best columns in place: best first, ties by the lower column."""
    for last in range(size - 1, 0, -1):
        doc, score = docs[last], scores[last]
        docs[last], scores[last] = docs[0], scores[0]
        _sink(docs, scores, last, doc, score)


@njit
def put(docs: IntArray, scores: FloatArray, size: int, doc: int, score: float) -> int:
    """Puts one column into a heap of the best, in place of the worst if it is full; returns its size."""
    if size == len(docs):
        _sink(docs, scores, size, doc, score)
        return size
    place = size
    while place > 0 and _worse(score, doc, scores[(place - 1) // 2], docs[(place - 1) // 2]):
        parent = (place - 1) // 2
        docs[place], scores[place] = docs[parent], scores[parent]
        place = parent
    docs[place], scores[place] = doc, score
    return size + 1


@njit
def _sink(docs: IntArray, scores: FloatArray, size: int, doc: int, score: float) -> None:
    place = 0
    while 2 * place + 1 < size:
        child = 2 * place + 1
        if child + 1 < size and _worse(scores[child + 1], docs[child + 1], scores[child], docs[child]):
            child += 1
        if _worse(score, doc, scores[child], docs[child]):
            break
        docs[place], scores[place] = docs[child], scores[child]
        place = child
    docs[place], scores[place] = doc, score


@njit
def _worse(score: float, doc: int, other_score: float, other_doc: int) -> bool:
    return score < other_score or (score == other_score and doc > other_doc)


@njit
def is_above(row: FloatArray, begin: int, bar: np.float32) -> bool:
    """Returns whether any of the `CHUNK` entries of a row from `begin` on is greater than the bar."""
    count = 0
    if begin + CHUNK <= len(row):
        whole = row[begin : begin + CHUNK]
        for column in range(CHUNK):
            count += whole[column] > bar
    else:
        for column in range(begin, len(row)):
            count += row[column] > bar
    return count > 0


@njit
def _update(block: FloatArray, offset: int, docs: IntArray, scores: FloatArray, sizes: IntArray) -> None:
    for row in range(len(block)):
        sizes[row] = take(block[row], offset, -np.inf, docs[row], scores[row], sizes[row])


@njit
def _sort(docs: IntArray, scores: FloatArray, sizes: IntArray) -> None:
    for row in range(len(docs)):
        best_first(docs[row], scores[row], sizes[row])
