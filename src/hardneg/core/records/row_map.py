"""Rows by 64-bit key in a table of 12 bytes a slot: a dict would take ten times that."""

from __future__ import annotations

from array import array
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

_FIRST_SLOTS = 1 << 10
_FULL = 0.6


class RowMap:
    """Maps 64-bit keys to rows; the caller compares the rows of a key, so that equal keys do no harm."""

    def __init__(self) -> None:
        self._slots(_FIRST_SLOTS)
        self._count = 0

    def find(self, key: int, same: Callable[[int], bool]) -> int:
        """Returns the first row under a key for which `same` holds, -1 if there is none.

        Args:
            key: 0 to 2^64 - 1.
            same: Returns whether a row is the one wanted.
        """
        slot = key & self._mask
        while (row := self._rows[slot]) >= 0:
            if self._keys[slot] == key and same(row):
                return row
            slot = (slot + 1) & self._mask
        return -1

    def add(self, key: int, row: int) -> None:
        """Adds a row under a key, after earlier ones."""
        if self._count + 1 > _FULL * len(self._rows):
            self._grow()
        slot = key & self._mask
        while self._rows[slot] >= 0:
            slot = (slot + 1) & self._mask
        self._keys[slot] = key
        self._rows[slot] = row
        self._count += 1

    def _slots(self, count: int) -> None:
        self._mask = count - 1
        self._keys = array("Q", bytes(8 * count))
        self._rows = array("i", b"\xff" * 4 * count)

    def _grow(self) -> None:
        """Moves all rows into twice the slots, each round those that find a free one."""
        used = np.frombuffer(self._rows, np.int32) >= 0
        keys = np.frombuffer(self._keys, np.uint64)[used]
        rows = np.frombuffer(self._rows, np.int32)[used]
        order = np.argsort(rows, kind="stable")
        keys, rows = keys[order], rows[order]
        self._slots(2 * len(self._rows))
        new_keys, new_rows = np.frombuffer(self._keys, np.uint64), np.frombuffer(self._rows, np.int32)
        slots: npt.NDArray[np.int64] = (keys & np.uint64(self._mask)).astype(np.int64)
        while len(keys):
            winners = np.zeros(len(keys), bool)
            winners[np.unique(slots, return_index=True)[1]] = True
            winners &= new_rows[slots] < 0
            new_keys[slots[winners]], new_rows[slots[winners]] = keys[winners], rows[winners]
            keys, rows = keys[~winners], rows[~winners]
            slots = (slots[~winners] + 1) & self._mask
