"""A set of (query, document) pairs, tested for whole blocks of candidates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hardneg.core.records.arrays import BoolArray, IntArray


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
