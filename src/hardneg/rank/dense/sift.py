"""Keeps the best of what a cheap score cannot rule out, each scored exactly on the spot."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hardneg.rank.jit import jit, loose, parallel, prange
from hardneg.rank.select_top import CHUNK, best_first, is_above, put, take
from hardneg.records import FloatArray, IntArray

__all__ = ["Best", "dots"]

_LANES = 32
_TINY = np.float32(1e-37)


class Best:
    """The best documents of some queries, over chunks of documents that come in ascending order.

    Args:
        queries: (n, dimension) float32.
        rounding: (n,) float32: the most by which a sum in fp32, in any order, can be off.
        depth: How many documents to keep of each.
    """

    def __init__(self, queries: FloatArray, rounding: FloatArray, depth: int) -> None:
        self._queries = queries
        self._rounding = rounding
        self._docs = np.full((len(queries), depth), -1, np.int32)
        self._scores = np.full((len(queries), depth), np.nan, np.float32)
        self._sizes = np.zeros(len(queries), np.int32)

    def update(
        self, cheap: FloatArray, margins: FloatArray, vectors: FloatArray, offset: int, near: bool
    ) -> int:
        """Takes in one chunk of documents; returns how many pairs the cheap score left over.

        Args:
            cheap: (n, m) float32: no exact score is greater than the cheap one and the margin together.
            margins: (n,) float32.
            vectors: (m, dimension) float32.
            offset: The row of the chunk's first document.
            near: Whether exact scores are not lower than the cheap ones less the margin either.
        """
        looked = np.zeros(len(self._queries), np.int64)
        best = self._docs, self._scores, self._sizes
        _sift(cheap, margins, self._queries, self._rounding, vectors, offset, *best, looked, near)
        return int(looked.sum())

    def result(self) -> tuple[IntArray, FloatArray]:
        """Returns docs (n, depth) int32 and scores (n, depth) float32, best first, ties by document row."""
        _sort(self._docs, self._scores, self._sizes)
        return self._docs, self._scores


@parallel
def dots(queries: FloatArray, vectors: FloatArray, places: IntArray) -> FloatArray:
    """Returns (n, depth) float32: the dot products of each query with the vectors at its places.

    Args:
        queries: (n, dimension) float32.
        vectors: (m, dimension) float32.
        places: (n, depth) int32, rows of `vectors`.
    """
    scores = np.empty(places.shape, np.float32)
    for row in prange(places.shape[0]):
        lanes = np.empty(_LANES, np.float64)
        for column in range(places.shape[1]):
            scores[row, column] = _dot(queries[row], vectors[places[row, column]], lanes)
    return scores


@jit
def _dot(query: FloatArray, vector: FloatArray, lanes: npt.NDArray[np.float64]) -> float:
    """Sums in float64, in an order that is written down here: the same bits wherever it is compiled into."""
    whole = len(query) // _LANES * _LANES
    lanes[:] = 0.0
    for begin in range(0, whole, _LANES):
        left, right = query[begin : begin + _LANES], vector[begin : begin + _LANES]
        for lane in range(_LANES):
            lanes[lane] += np.float64(left[lane]) * np.float64(right[lane])
    for axis in range(whole, len(query)):
        lanes[0] += np.float64(query[axis]) * np.float64(vector[axis])
    half = _LANES // 2
    while half:
        for lane in range(half):
            lanes[lane] += lanes[lane + half]
        half //= 2
    return float(np.float32(lanes[0]))


@loose
def _near(query: FloatArray, vectors: FloatArray, place: int) -> np.float32:
    """Sums in float32: quick, and within the rounding of what `_dot` gives."""
    total = np.float32(0)
    for axis in range(len(query)):
        total += query[axis] * vectors[place, axis]
    return total


@parallel
def _sift(
    cheap: FloatArray,
    margins: FloatArray,
    queries: FloatArray,
    rounding: FloatArray,
    vectors: FloatArray,
    offset: int,
    docs: IntArray,
    scores: FloatArray,
    sizes: IntArray,
    looked: npt.NDArray[np.int64],
    near: bool,
) -> None:
    for row in prange(len(cheap)):
        lanes = np.empty(_LANES, np.float64)
        size, depth, count = sizes[row], docs.shape[1], 0
        query, line = queries[row], cheap[row]
        bar = np.float32(scores[row, 0] - margins[row] if size == depth else -np.inf)
        if near and size < depth:
            bar = _floor(line, depth, margins[row])
        for begin in range(0, len(line), CHUNK):
            if not is_above(line, begin, bar):
                continue
            for column in range(begin, min(begin + CHUNK, len(line))):
                if line[column] > bar:
                    count += 1
                    least = np.float32(scores[row, 0] - rounding[row])
                    if size == depth and not near and _near(query, vectors, column) < least:
                        continue
                    score = _dot(query, vectors[column], lanes)
                    if size < depth or score > scores[row, 0]:
                        size = put(docs[row], scores[row], size, offset + column, score)
                        if size == depth:  # not below the floor, which the best of the chunk are above
                            bar = np.float32(scores[row, 0] - margins[row])
        sizes[row] = size
        looked[row] = count


@jit
def _floor(line: FloatArray, depth: int, margin: np.float32) -> np.float32:
    """Returns what `depth` exact scores of a chunk are above, by its cheap ones; -inf if it is too small."""
    docs, scores = np.empty(depth, np.int32), np.empty(depth, np.float32)
    full = take(line, 0, -np.inf, docs, scores, 0) == depth
    # The last term is for vectors of zeros, which have no margin: their scores must not be below the floor.
    return np.float32(scores[0] - 3 * margin - _TINY if full else -np.inf)


@parallel
def _sort(docs: IntArray, scores: FloatArray, sizes: IntArray) -> None:
    for row in prange(len(docs)):
        best_first(docs[row], scores[row], sizes[row])
