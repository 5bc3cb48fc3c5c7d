"""Rows of strings packed into Arrow; a large corpus is stored on disk beyond its first rows."""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from typing import IO

import pyarrow as pa

from hardneg.core.errors import DataError
from hardneg.core.files import cache_folder, unlinked_file

_CHUNK = 65_536
_IN_MEMORY = 4


class Strings:
    """A growing table of strings.

    The first 262,144 rows are kept in memory, further ones in a file without a name in the cache folder,
    which is removed when the table is freed.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._schema = pa.schema([(name, pa.large_string()) for name in names])
        self._rows: list[tuple[str, ...]] = []
        self._kept: list[pa.RecordBatch] = []
        self._spilled = _Spilled(self._schema)

    def __len__(self) -> int:
        return (len(self._kept) + len(self._spilled)) * _CHUNK + len(self._rows)

    def append(self, *row: str) -> None:
        """Adds a row."""
        self._rows.append(row)
        if len(self._rows) == _CHUNK:
            packed = self._kept if len(self._kept) < _IN_MEMORY else self._spilled
            packed.append(self._batch())
            self._rows = []

    def cell(self, row: int, column: int = 0) -> str:
        """Returns one string."""
        chunk, place = divmod(row, _CHUNK)
        if chunk < len(self._kept):
            return str(self._kept[chunk].column(column)[place])
        if chunk < len(self._kept) + len(self._spilled):
            return str(self._spilled.batch(chunk - len(self._kept)).column(column)[place])
        return self._rows[place][column]

    def finish(self) -> pa.Table:
        """Returns the table of all rows; none can be added after it."""
        last = [self._batch()] if self._rows else []
        spilled = [self._spilled.batch(place) for place in range(len(self._spilled))]
        return pa.Table.from_batches([*self._kept, *spilled, *last], self._schema)

    def _batch(self) -> pa.RecordBatch:
        columns: Iterable[tuple[str, ...]] = zip(*self._rows, strict=True)
        arrays = [pa.array(column, pa.large_string()) for column in columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)


class _Spilled:
    """Batches in a file without a name, mapped."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._file: IO[bytes] | None = None
        self._places: list[tuple[int, int]] = []
        self._size = 0
        self._mapped = pa.py_buffer(b"")
        self._read: dict[int, pa.RecordBatch] = {}

    def __len__(self) -> int:
        return len(self._places)

    def append(self, batch: pa.RecordBatch) -> None:
        """Writes a batch."""
        message = batch.serialize()
        folder = cache_folder()
        if self._file is None:
            self._file = unlinked_file(folder)
        try:
            self._file.write(message)
            self._file.flush()
        except OSError as error:
            raise DataError(f"cannot write to {folder}: {error.strerror or error}") from error
        self._places.append((self._size, message.size))
        self._size += message.size

    def batch(self, place: int) -> pa.RecordBatch:
        """Returns one batch, whose strings are read from disk when they are looked at."""
        begin, size = self._places[place]
        if begin + size > self._mapped.size and self._file is not None:
            self._mapped = pa.py_buffer(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ))
            self._read = {}
        if place not in self._read:
            self._read[place] = pa.ipc.read_record_batch(self._mapped.slice(begin, size), self._schema)
        return self._read[place]
