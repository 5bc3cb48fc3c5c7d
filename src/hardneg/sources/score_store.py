"""The scores of one column while a source is read: beyond a million, in a file without a name."""

from __future__ import annotations

from typing import IO, Any

import numpy as np
import numpy.typing as npt

from hardneg.core.errors import DataError
from hardneg.core.files import cache_folder, temp_memmap, unlinked_file
from hardneg.core.records import GivenScores, IntArray

_RECORD = np.dtype([("query", np.int32), ("doc", np.int32), ("score", np.float32)])
_BLOCK = 1 << 20


class ScoreStore:
    """Grows by the documents of a query at a time, 12 bytes each, and sorts them by query in the end."""

    def __init__(self) -> None:
        self._waiting: list[npt.NDArray[Any]] = []
        self._count = 0
        self._file: IO[bytes] | None = None

    def add(self, query: int, docs: IntArray, scores: npt.NDArray[np.float64]) -> None:
        """Adds the scores of a query's documents, those that are NaN left out."""
        given = ~np.isnan(scores)
        records = np.empty(int(given.sum()), _RECORD)
        records["query"], records["doc"], records["score"] = query, docs[given], scores[given]
        self._waiting.append(records)
        self._count += len(records)
        if self._count >= _BLOCK:
            self._spill()

    def finish(self, kept: npt.NDArray[np.int64], queries: int) -> GivenScores:
        """Returns the scores by query, their files still without a name.

        Args:
            kept: The queries that are kept, ascending; their places are their new rows.
            queries: How many there were.
        """
        if self._file is not None:
            self._spill()
            records: npt.NDArray[Any] = np.memmap(self._file, _RECORD, "r")
        else:
            records = np.concatenate([*self._waiting, np.empty(0, _RECORD)])
        rows = np.full(queries, -1, np.int64)
        rows[kept] = np.arange(len(kept))
        counts, ordered = np.zeros(len(kept), np.int64), True
        before = -1
        for begin in range(0, len(records), _BLOCK):
            own = rows[records["query"][begin : begin + _BLOCK]]
            ordered &= bool(own[0] >= before and (np.diff(own) >= 0).all() and own[0] >= 0)
            before = int(own[-1])
            counts += np.bincount(own[own >= 0], minlength=len(kept))
        begins = np.cumsum([0, *counts.tolist()])
        if ordered:
            return GivenScores(begins, records["doc"], records["score"])
        return _sorted(records, rows, begins)

    def _spill(self) -> None:
        folder = cache_folder()
        if self._file is None:
            self._file = unlinked_file(folder)
        try:
            for records in self._waiting:
                self._file.write(records.tobytes())
            self._file.flush()
        except OSError as error:
            raise DataError(f"cannot write to {folder}: {error.strerror or error}") from error
        self._waiting, self._count = [], 0


def _sorted(
    records: npt.NDArray[Any], rows: npt.NDArray[np.int64], begins: npt.NDArray[np.int64]
) -> GivenScores:
    """Returns records in the order of their queries, each query's in the order in which they came."""
    total, following = int(begins[-1]), begins[:-1].copy()
    docs, values = (
        temp_memmap((max(total, 1),), kind, cache_folder())[:total] for kind in (np.int32, np.float32)
    )
    for begin in range(0, len(records), _BLOCK):
        block = records[begin : begin + _BLOCK]
        own = rows[block["query"]]
        order = np.argsort(own, kind="stable")
        order = order[own[order] >= 0]
        own = own[order]
        places = following[own] + np.arange(len(own)) - np.searchsorted(own, own)
        docs[places], values[places] = block["doc"][order], block["score"][order]
        following += np.bincount(own, minlength=len(following))
    return GivenScores(begins, docs, values)
