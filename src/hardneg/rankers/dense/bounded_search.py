"""Exact scores, and the best of what bounds cannot rule out, each scored exactly on the spot."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.kernels.jit import njit, njit_fastmath
from hardneg.rankers.kernels.parallel import parallel_for
from hardneg.rankers.kernels.top_k import CHUNK, is_above, put, sort

__all__ = ["BoundedTopK", "scored"]

_LANES = 32


class BoundedTopK:
    """The best documents of some queries, over tiles of documents that come in ascending order.

    Args:
        queries: (n, dimension) float32.
        rounding: (n,) float32: the most by which a sum in fp32, in any order, can be off.
        docs: (n, depth) int32: the best so far, best first, -1 behind the last.
        scores: (n, depth) float32: their exact scores.
    """

    def __init__(self, queries: FloatArray, rounding: FloatArray, docs: IntArray, scores: FloatArray) -> None:
        self._queries = queries
        self._rounding = rounding
        self._sizes = (docs >= 0).sum(axis=1, dtype=np.int32)
        place, last = np.arange(docs.shape[1]), self._sizes[:, None] - 1
        heap = np.where(place <= last, last - place, place)  # the worst comes first
        self._docs = np.take_along_axis(docs, heap, axis=1)
        self._scores = np.take_along_axis(scores, heap, axis=1)

    def update(self, cheap: FloatArray, margins: FloatArray, vectors: FloatArray, offset: int) -> int:
        """Takes in one tile of documents; returns how many pairs the cheap score left over.

        Args:
            cheap: (n, m) float32: no exact score is greater than the cheap one and the margin together.
            margins: (n,) float32.
            vectors: (m, dimension) float32.
            offset: The row of the tile's first document.
        """
        looked = np.zeros(len(self._queries), np.int64)
        best = self._docs, self._scores, self._sizes
        _sift(cheap, margins, self._queries, self._rounding, vectors, offset, *best, looked)
        return int(looked.sum())

    def result(self) -> tuple[IntArray, FloatArray]:
        """Returns docs (n, depth) int32 and scores (n, depth) float32, best first, ties by document row."""
        sort(self._docs, self._scores, self._sizes)
        return self._docs, self._scores


def scored(queries: FloatArray, documents: Vectors, docs: IntArray) -> FloatArray:
    """Returns (n, depth) float32: dot products of queries with given documents, NaN where there are none.

    Args:
        queries: (n, dimension) float32.
        documents: The document vectors.
        docs: (n, depth) int32, document rows, -1 where there is none.
    """
    queries = np.ascontiguousarray(queries, np.float32)
    scores = np.full(docs.shape, np.nan, np.float32)
    for place in np.unique(docs[docs >= 0] // documents.size):
        vectors, places = documents.some(int(place), docs)
        _score(queries, vectors, places, scores)
    return scores


def _score(queries: FloatArray, vectors: FloatArray, places: IntArray, scores: FloatArray) -> None:
    parallel_for(lambda rows: _dots(queries[rows], vectors, places[rows], scores[rows]), len(queries))


@njit
def _dots(queries: FloatArray, vectors: FloatArray, places: IntArray, scores: FloatArray) -> None:
    """Writes the dot products of each query with the vectors at its places, and leaves all other scores.

    Args:
        queries: (n, dimension) float32.
        vectors: (m, dimension) float32.
        places: (n, depth) int32, rows of `vectors`, and numbers that are none.
        scores: (n, depth) float32.
    """
    for row in range(places.shape[0]):
        lanes = np.empty(_LANES, np.float64)
        for column in range(places.shape[1]):
            place = places[row, column]
            if 0 <= place < len(vectors):
                scores[row, column] = _dot(queries[row], vectors[place], lanes)


@njit
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


@njit_fastmath
def _near(query: FloatArray, vectors: FloatArray, place: int) -> np.float32:
    """Sums in float32: quick, and within the rounding of what `_dot` gives."""
    total = np.float32(0)
    for axis in range(len(query)):
        total += query[axis] * vectors[place, axis]
    return total


@njit
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
) -> None:
    for row in range(len(cheap)):
        lanes = np.empty(_LANES, np.float64)
        size, depth, count = sizes[row], docs.shape[1], 0
        query, line = queries[row], cheap[row]
        bar = np.float32(scores[row, 0] - margins[row] if size == depth else -np.inf)
        for begin in range(0, len(line), CHUNK):
            if not is_above(line, begin, bar):
                continue
            for column in range(begin, min(begin + CHUNK, len(line))):
                if line[column] > bar:
                    count += 1
                    least = np.float32(scores[row, 0] - rounding[row])
                    if size == depth and _near(query, vectors, column) < least:
                        continue
                    score = _dot(query, vectors[column], lanes)
                    if size < depth or score > scores[row, 0]:
                        size = put(docs[row], scores[row], size, offset + column, score)
                        if size == depth:
                            bar = np.float32(scores[row, 0] - margins[row])
        sizes[row] = size
        looked[row] = count
