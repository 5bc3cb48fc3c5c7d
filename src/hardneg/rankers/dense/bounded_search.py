"""Exact scores, and top-k search by upper bounds: what a bound does not rule out is rescored exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.kernels.jit import njit, njit_fastmath
from hardneg.rankers.kernels.parallel import parallel_for
from hardneg.rankers.kernels.top_k import CHUNK, any_above, heap_push, sort_heaps

_LANES = 32


class BoundedTopK:
    """The best documents of some queries, over tiles of documents that come in ascending order.

    It begins with the best so far, docs and exact scores (n, depth), best first, -1 behind the last. No sum
    in fp32, in any order, errs by more than `rounding`, (n,) float32.
    """

    def __init__(self, queries: FloatArray, rounding: FloatArray, docs: IntArray, scores: FloatArray) -> None:
        self._queries = queries
        self._rounding = rounding
        self._sizes = (docs >= 0).sum(axis=1, dtype=np.int32)
        columns, last = np.arange(docs.shape[1]), self._sizes[:, None] - 1
        heap = np.where(columns <= last, last - columns, columns)  # the worst comes first
        self._docs = np.take_along_axis(docs, heap, axis=1)
        self._scores = np.take_along_axis(scores, heap, axis=1)

    def update(self, bounds: FloatArray, margins: FloatArray, vectors: FloatArray, offset: int) -> int:
        """Adds one tile of documents, the first of which is row `offset`; returns how many pairs it rescored.

        No exact score is greater than the bound, (n, m) float32, plus the margin, (n,) float32.
        """
        n_rescored = np.zeros(len(self._queries), np.int64)
        heaps = self._docs, self._scores, self._sizes
        _rescore(bounds, margins, self._queries, self._rounding, vectors, offset, *heaps, n_rescored)
        return int(n_rescored.sum())

    def result(self) -> tuple[IntArray, FloatArray]:
        """Returns docs (n, depth) int32 and scores (n, depth) float32, best first, ties by document row."""
        sort_heaps(self._docs, self._scores, self._sizes)
        return self._docs, self._scores


def scored(queries: FloatArray, documents: Vectors, docs: IntArray) -> FloatArray:
    """Returns (n, depth) float32: dot products of queries with given documents, NaN where docs are -1."""
    queries = np.ascontiguousarray(queries, np.float32)
    scores = np.full(docs.size, np.nan, np.float32)
    flat = docs.ravel()
    pairs = np.flatnonzero(flat >= 0)
    numbers = flat[pairs] // documents.size
    radix = numbers.max(initial=0) < 65_536  # NumPy sorts 16 bits by radix
    order = np.argsort(numbers.astype(np.uint16) if radix else numbers, kind="stable")
    pairs, numbers = pairs[order], numbers[order]

    def score(some: slice) -> None:
        begins = np.flatnonzero(np.diff(numbers[some], prepend=-1)) + some.start
        for begin, end in zip(begins, [*begins[1:], some.stop], strict=True):
            inside = pairs[begin:end]
            vectors, rows = documents.gather(int(numbers[begin]), flat[inside])
            _dots(queries, vectors, inside // docs.shape[1], rows, inside, scores)

    parallel_for(score, len(pairs))
    return scores.reshape(docs.shape)


@njit
def _dots(
    queries: FloatArray,
    vectors: FloatArray,
    query_rows: npt.NDArray[np.int64],
    rows: IntArray,
    targets: npt.NDArray[np.int64],
    scores: FloatArray,
) -> None:
    """Writes the dot product of each pair of a query and a vector to its target among the scores."""
    lanes = np.empty(_LANES, np.float64)
    for pair in range(len(rows)):
        scores[targets[pair]] = _dot(queries[query_rows[pair]], vectors[rows[pair]], lanes)


@njit
def _dot(query: FloatArray, vector: FloatArray, lanes: npt.NDArray[np.float64]) -> float:
    """Returns the dot product summed in float64 in a fixed order: the same bits wherever it is inlined."""
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
def _fast_dot(query: FloatArray, vector: FloatArray) -> np.float32:
    """Returns the dot product summed in float32: fast, and within `rounding` of that of `_dot`."""
    total = np.float32(0)
    for axis in range(len(query)):
        total += query[axis] * vector[axis]
    return total


@njit
def _rescore(
    bounds: FloatArray,
    margins: FloatArray,
    queries: FloatArray,
    rounding: FloatArray,
    vectors: FloatArray,
    offset: int,
    docs: IntArray,
    scores: FloatArray,
    sizes: IntArray,
    n_rescored: npt.NDArray[np.int64],
) -> None:
    for row in range(len(bounds)):
        lanes = np.empty(_LANES, np.float64)
        size, depth, count = sizes[row], docs.shape[1], 0
        query, line = queries[row], bounds[row]
        threshold = np.float32(scores[row, 0] - margins[row] if size == depth else -np.inf)
        for begin in range(0, len(line), CHUNK):
            if not any_above(line, begin, threshold):
                continue
            for column in range(begin, min(begin + CHUNK, len(line))):
                if line[column] > threshold:
                    count += 1
                    least = np.float32(scores[row, 0] - rounding[row])
                    if size == depth and _fast_dot(query, vectors[column]) < least:
                        continue
                    score = _dot(query, vectors[column], lanes)
                    if size < depth or score > scores[row, 0]:
                        size = heap_push(docs[row], scores[row], size, offset + column, score)
                        if size == depth:
                            threshold = np.float32(scores[row, 0] - margins[row])
        sizes[row] = size
        n_rescored[row] = count
