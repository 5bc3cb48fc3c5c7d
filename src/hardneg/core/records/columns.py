"""Columns of strings in many chunks, perhaps mapped from disk, read without being put together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hardneg.core.records.arrays import IntArray, KeyArray
from hardneg.core.records.text import id_key

_BLOCK = 65_536


def take(column: pa.ChunkedArray, rows: Sequence[int] | IntArray) -> list[str]:
    """Returns the strings in some rows; only the chunks that hold them are read."""
    wanted: npt.NDArray[np.int64] = np.asarray(rows, np.int64)
    if not len(wanted):
        return []
    begins = np.cumsum([0, *map(len, column.chunks)])
    owner = np.searchsorted(begins, wanted, side="right") - 1
    order = np.argsort(owner, kind="stable")
    pieces = [
        column.chunk(int(place)).take(pa.array(wanted[owner == place] - begins[place]))
        for place in np.unique(owner)
    ]
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    strings: list[str] = pa.concat_arrays(pieces).take(pa.array(back)).to_pylist()
    return strings


class IdIndex:
    """Finds the rows of ids; takes 12 bytes a row."""

    def __init__(self, ids: pa.ChunkedArray) -> None:
        keys = np.empty(len(ids), np.uint64)
        for begin in range(0, len(ids), _BLOCK):
            block = ids.slice(begin, _BLOCK).to_pylist()
            keys[begin : begin + len(block)] = _keys(block)
        self._ids = ids
        self._rows: IntArray = np.argsort(keys, kind="stable").astype(np.int32)
        self._keys: KeyArray = keys[self._rows]

    def rows(self, ids: Sequence[str]) -> IntArray:
        """Returns (n,) int32: the first row of each id; -1 for unknown ids."""
        keys = _keys(ids)
        places = np.searchsorted(self._keys, keys)
        resolved = np.full(len(ids), -1, np.int32)
        unresolved = np.arange(len(ids))
        while len(unresolved):
            within = places[unresolved] < len(self._keys)
            unresolved = unresolved[within]
            unresolved = unresolved[self._keys[places[unresolved]] == keys[unresolved]]
            rows = self._rows[places[unresolved]]
            names = take(self._ids, rows)
            same = np.array([name == ids[place] for name, place in zip(names, unresolved, strict=True)], bool)
            resolved[unresolved[same]] = rows[same]
            unresolved = unresolved[~same]
            places[unresolved] += 1
        return resolved


def _keys(ids: Sequence[str]) -> KeyArray:
    return np.fromiter((id_key(name) for name in ids), np.uint64, len(ids))
