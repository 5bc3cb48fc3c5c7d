"""The few documents of each query that may be among its best, told by cheap scores alone.

No query's list is ever sorted: documents above its bar are put at the end, and when the list is full the
best are chosen among them, which raises the bar. Exact scores are needed for those that are left in the end.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.kernels.jit import njit
from hardneg.rankers.kernels.top_k import CHUNK, is_above

__all__ = ["Shortlist"]

_ROOM = 1_024
"""Documents that a list holds beside those wanted: what margins cannot tell apart, and what came last."""
_APART = np.float32(2.25)
"""Margins between the cheap scores of two documents whose order is sure; two and what rounding them takes."""
_TINY = np.float32(1e-37)


class Shortlist:
    """What may be among the best documents of some queries, over tiles of documents in ascending order.

    Args:
        margins: (n,) float32: exact scores differ from the cheap ones by no more.
        depth: How many documents a query wants.
    """

    def __init__(self, margins: FloatArray, depth: int) -> None:
        shape = len(margins), depth + _ROOM + CHUNK
        # The last term is for vectors of zeros, which have no margin: equal scores must not fall out.
        self._apart = _APART * margins + _TINY
        self._depth = depth
        self._docs = np.empty(shape, np.int32)
        self._scores = np.empty(shape, np.float32)
        self._sizes = np.zeros(len(margins), np.int32)
        self._bars = np.full(len(margins), -np.inf, np.float32)

    def update(self, cheap: FloatArray, offset: int) -> None:
        """Takes in one tile of documents.

        Args:
            cheap: (n, m) float32, finite.
            offset: The row of the tile's first document.
        """
        lists = self._docs, self._scores, self._sizes, self._bars
        _append(cheap, offset, self._depth, self._apart, *lists)

    def result(self) -> tuple[IntArray, IntArray]:
        """Returns docs (n, m) int32, ascending, -1 behind the last; and the rows of crowded queries.

        A query is crowded where far more documents than it wants are too close to one another to be told
        apart, such as copies; its list is empty.
        """
        _shorten(self._depth, self._apart, self._docs, self._scores, self._sizes, self._bars)
        crowded = np.flatnonzero(np.isposinf(self._bars)).astype(np.int32)
        self._sizes[crowded] = 0
        docs = self._docs[:, : self._sizes.max(initial=1)].copy()
        docs[np.arange(docs.shape[1]) >= self._sizes[:, None]] = -1
        return docs, crowded


@njit
def _append(
    cheap: FloatArray,
    offset: int,
    depth: int,
    apart: FloatArray,
    docs: IntArray,
    scores: FloatArray,
    sizes: IntArray,
    bars: FloatArray,
) -> None:
    for row in range(len(cheap)):
        known = sizes[row], bars[row]
        sizes[row], bars[row] = _taken(cheap[row], offset, depth, apart[row], docs[row], scores[row], *known)


@njit
def _taken(
    line: FloatArray,
    offset: int,
    depth: int,
    apart: np.float32,
    docs: IntArray,
    scores: FloatArray,
    size: int,
    bar: np.float32,
) -> tuple[int, np.float32]:
    """Takes one query's scores into its list; returns its size and the bar, infinite if it is crowded."""
    marks = np.zeros(CHUNK, np.uint8)
    words = marks.view(np.uint64)
    for begin in range(0, len(line), CHUNK):
        if not is_above(line, begin, bar):
            continue
        if size + CHUNK > len(docs):
            size, bar = _best(docs, scores, size, depth, apart, bar)
            if size + CHUNK > len(docs):
                return size, np.float32(np.inf)
        some = line[begin : begin + CHUNK]
        _mark(some, bar, marks)
        size = _put(some, offset + begin, marks, words, docs, scores, size)
    return size, bar


@njit
def _shorten(
    depth: int, apart: FloatArray, docs: IntArray, scores: FloatArray, sizes: IntArray, bars: FloatArray
) -> None:
    for row in range(len(docs)):
        if bars[row] < np.inf:
            sizes[row], bars[row] = _best(docs[row], scores[row], sizes[row], depth, apart[row], bars[row])


@njit
def _mark(some: FloatArray, bar: np.float32, marks: npt.NDArray[np.uint8]) -> None:
    """Marks what is above the bar: a byte each, of which eight can be looked at as one word."""
    if len(some) == CHUNK:  # a length that the compiler knows
        for column in range(CHUNK):
            marks[column] = some[column] > bar
    else:
        marks[:] = 0
        for column in range(len(some)):
            marks[column] = some[column] > bar


@njit
def _put(
    some: FloatArray,
    offset: int,
    marks: npt.NDArray[np.uint8],
    words: npt.NDArray[np.uint64],
    docs: IntArray,
    scores: FloatArray,
    size: int,
) -> int:
    """Puts what is marked at a list's end; returns its size.

    All of a word that has marks is written, and what has none written over: there is no branch to guess, nor,
    with numbers that have no sign, an index to be checked.
    """
    last = np.uint64(size)
    for word in range(len(words)):
        if words[word]:
            for column in range(np.uint64(8 * word), np.uint64(min(8 * word + 8, len(some)))):
                docs[last], scores[last] = offset + np.int64(column), some[column]
                last += np.uint64(marks[column])
    return int(last)


@njit
def _best(
    docs: IntArray, scores: FloatArray, size: int, depth: int, apart: np.float32, bar: np.float32
) -> tuple[int, np.float32]:
    """Keeps of a list what may be among its best; returns its size and what others must be above."""
    if size <= depth:
        return size, bar
    bar = np.float32(_reached(scores[:size], depth) - apart)
    kept = 0
    for place in range(size):
        docs[kept], scores[kept] = docs[place], scores[place]
        kept += scores[place] > bar
    return kept, bar


@njit
def _reached(scores: FloatArray, depth: int) -> np.float32:
    """Returns the greatest number that `depth` scores reach, or near it, by halving: counting is quick."""
    half = np.float32(0.5)
    least, most = scores.min(), scores.max()
    reach = len(scores)
    while reach > depth:
        middle = half * least + half * most
        if not least < middle < most:
            break
        count = 0
        for score in scores:
            count += score >= middle
        if count >= depth:
            least, reach = middle, count
        else:
            most = middle
    return np.float32(least)
