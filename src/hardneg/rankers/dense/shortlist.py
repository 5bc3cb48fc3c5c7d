"""The few documents of each query that may be among its best, by approximate scores alone.

Lists are never sorted: documents above a query's threshold are appended, and a full list is cut to its best,
which raises the threshold. Only the documents left at the end need exact scores.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.kernels.jit import njit
from hardneg.rankers.kernels.top_k import CHUNK, any_above

_SPARE = 1_024
"""Documents that a list holds beyond `depth`: those within the margins, and those appended last."""
_SURE_MARGINS = np.float32(2.25)
"""Margins between the approximate scores of two documents whose order is sure: two, and their rounding."""
_TINY = np.float32(1e-37)


class Shortlist:
    """Documents that may be among the best of some queries, over tiles of documents in ascending order.

    The margins, (n,) float32, are the largest differences of exact and approximate scores.
    """

    def __init__(self, margins: FloatArray, depth: int) -> None:
        shape = len(margins), depth + _SPARE + CHUNK
        # The last term is for vectors of zeros, which have no margin: equal scores must not be dropped.
        self._gaps = _SURE_MARGINS * margins + _TINY
        self._depth = depth
        self._docs = np.empty(shape, np.int32)
        self._scores = np.empty(shape, np.float32)
        self._sizes = np.zeros(len(margins), np.int32)
        self._thresholds = np.full(len(margins), -np.inf, np.float32)

    def update(self, scores: FloatArray, offset: int) -> None:
        """Adds approximate scores, (n, m) float32, finite, of a tile whose first document is row `offset`."""
        lists = self._docs, self._scores, self._sizes, self._thresholds
        _append(scores, offset, self._depth, self._gaps, *lists)

    def result(self) -> tuple[IntArray, IntArray]:
        """Returns docs (n, m) int32, ascending, -1 behind the last; and the rows of queries that overflowed.

        A query's list overflows where far more than `depth` documents are within the margins of one another,
        such as copies; it is then empty.
        """
        _prune(self._depth, self._gaps, self._docs, self._scores, self._sizes, self._thresholds)
        overflowed = np.flatnonzero(np.isposinf(self._thresholds)).astype(np.int32)
        self._sizes[overflowed] = 0
        docs = self._docs[:, : self._sizes.max(initial=1)].copy()
        docs[np.arange(docs.shape[1]) >= self._sizes[:, None]] = -1
        return docs, overflowed


@njit
def _append(
    tile: FloatArray,
    offset: int,
    depth: int,
    gaps: FloatArray,
    docs: IntArray,
    scores: FloatArray,
    sizes: IntArray,
    thresholds: FloatArray,
) -> None:
    for row in range(len(tile)):
        state = sizes[row], thresholds[row]
        sizes[row], thresholds[row] = _append_row(
            tile[row], offset, depth, gaps[row], docs[row], scores[row], *state
        )


@njit
def _append_row(
    line: FloatArray,
    offset: int,
    depth: int,
    gap: np.float32,
    docs: IntArray,
    scores: FloatArray,
    size: int,
    threshold: np.float32,
) -> tuple[int, np.float32]:
    """Appends one query's documents; returns the list's size and threshold, infinite if it overflows."""
    marks = np.zeros(CHUNK, np.uint8)
    words = marks.view(np.uint64)
    for begin in range(0, len(line), CHUNK):
        if not any_above(line, begin, threshold):
            continue
        if size + CHUNK > len(docs):
            size, threshold = _prune_row(docs, scores, size, depth, gap, threshold)
            if size + CHUNK > len(docs):
                return size, np.float32(np.inf)
        chunk = line[begin : begin + CHUNK]
        _mark_above(chunk, threshold, marks)
        size = _append_marked(chunk, offset + begin, marks, words, docs, scores, size)
    return size, threshold


@njit
def _prune(
    depth: int, gaps: FloatArray, docs: IntArray, scores: FloatArray, sizes: IntArray, thresholds: FloatArray
) -> None:
    for row in range(len(docs)):
        if thresholds[row] < np.inf:
            state = sizes[row], depth, gaps[row], thresholds[row]
            sizes[row], thresholds[row] = _prune_row(docs[row], scores[row], *state)


@njit
def _mark_above(chunk: FloatArray, threshold: np.float32, marks: npt.NDArray[np.uint8]) -> None:
    """Marks scores above the threshold: one byte each, of which eight are tested as one word."""
    if len(chunk) == CHUNK:  # a length that the compiler knows
        for column in range(CHUNK):
            marks[column] = chunk[column] > threshold
    else:
        marks[:] = 0
        for column in range(len(chunk)):
            marks[column] = chunk[column] > threshold


@njit
def _append_marked(
    chunk: FloatArray,
    offset: int,
    marks: npt.NDArray[np.uint8],
    words: npt.NDArray[np.uint64],
    docs: IntArray,
    scores: FloatArray,
    size: int,
) -> int:
    """Appends the marked documents to a list; returns its size.

    Every column of a word with marks is written, and the next one overwrites those without a mark: this
    avoids a branch and, with unsigned numbers, the check for negative indexes.
    """
    last = np.uint64(size)
    for word in range(len(words)):
        if words[word]:
            for column in range(np.uint64(8 * word), np.uint64(min(8 * word + 8, len(chunk)))):
                docs[last], scores[last] = offset + np.int64(column), chunk[column]
                last += np.uint64(marks[column])
    return int(last)


@njit
def _prune_row(
    docs: IntArray, scores: FloatArray, size: int, depth: int, gap: np.float32, threshold: np.float32
) -> tuple[int, np.float32]:
    """Keeps of a list what may be among its best; returns its size and threshold."""
    if size <= depth:
        return size, threshold
    threshold = np.float32(_kth_largest(scores[:size], depth) - gap)
    kept = 0
    for entry in range(size):
        docs[kept], scores[kept] = docs[entry], scores[entry]
        kept += scores[entry] > threshold
    return kept, threshold


@njit
def _kth_largest(scores: FloatArray, k: int) -> np.float32:
    """Returns a number that at least `k` scores reach, the k-th largest or little less, by bisection."""
    half = np.float32(0.5)
    least, most = scores.min(), scores.max()
    reach = len(scores)
    while reach > k:
        middle = half * least + half * most
        if not least < middle < most:
            break
        count = 0
        for score in scores:
            count += score >= middle
        if count >= k:
            least, reach = middle, count
        else:
            most = middle
    return np.float32(least)
