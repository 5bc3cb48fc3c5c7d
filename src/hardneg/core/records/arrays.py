"""Types of arrays, and a set of (query, document) pairs.

Arrays that name documents or queries hold row numbers, -1 where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
KeyArray = npt.NDArray[np.uint64]


def rows_of(count: int, size: int) -> Iterator[IntArray]:
    """Yields the rows 0..count-1 in blocks of at most `size`."""
    for begin in range(0, count, size):
        yield np.arange(begin, min(begin + size, count), dtype=np.int32)


class PairSet:
    """A set of (query, document) pairs."""

    def __init__(self, query: IntArray, doc: IntArray) -> None:
        self._codes = np.unique(_codes(query, doc))

    def has(self, queries: IntArray, docs: IntArray) -> BoolArray:
        """Returns (n_queries, depth) bool: which documents are in the set with their query.

        Args:
            queries: (n_queries,) int32.
            docs: (n_queries, depth) int32; -1 is in no set.
        """
        if not len(self._codes):
            return np.zeros(docs.shape, bool)
        codes = _codes(queries[:, None], docs)
        places = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        return np.asarray((self._codes[places] == codes) & (docs >= 0))


def _codes(query: IntArray, doc: IntArray) -> npt.NDArray[np.int64]:
    return (query.astype(np.int64) << 32) | doc
