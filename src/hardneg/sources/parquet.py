"""Parquet files row by row, in bounded memory: the metadata are looked at before anything is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hardneg.core.errors import DataError
from hardneg.core.files import open_regular
from hardneg.core.lines import LONGEST, most_unpacked, unpacks_too_much, unreadable

MOST_VALUES = 1_000_000
"""Most values in a row, those in lists and objects included."""

_ROWS = 1024
_LISTS = 4
_LEAST = 4
"""Bytes that a value takes at least, once it is decoded."""


def parquet_rows(
    path: Path, label: str, columns: Callable[[Sequence[str], str], Sequence[str]]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields (where, row) for each row, with those columns that a function chooses of the names.

    Raises:
        DataError: The file is no Parquet file, is broken, or goes beyond the limits.
    """
    number = decoded = 0
    open_regular(path).close()
    try:
        with pq.ParquetFile(path) as file:
            chosen = list(columns(file.schema_arrow.names, label))
            leaves = _leaves(file, chosen)
            _check_size(file, leaves, path, label)
            for group in range(file.num_row_groups):
                size = _batch_size(path, file, group, leaves, label)
                for batch in file.iter_batches(size, row_groups=[group], columns=chosen):
                    decoded += batch.nbytes
                    if decoded > most_unpacked(path):
                        raise unpacks_too_much(label)
                    for row in _plain(batch, label, number):
                        number += 1
                        yield f"{label}: row {number}", row
    except UnicodeDecodeError as error:
        raise DataError(f"{label}: after row {number}: a text is not UTF-8 ({error.reason})") from None
    except OSError as error:
        raise unreadable(path, error) from None
    except (pa.ArrowException, ValueError, OverflowError, RecursionError, MemoryError):
        raise DataError(f"{label}: the Parquet file is damaged or cut off") from None


def too_many_values(where: str) -> DataError:
    """Returns the error for a row that goes beyond the limit."""
    return DataError(f"{where}: the row has more than {MOST_VALUES:,} values")


def _leaves(file: pq.ParquetFile, chosen: Sequence[str]) -> list[int]:
    """Returns the places of the stored columns below those that are read."""
    paths = [file.schema.column(place).path for place in range(len(file.schema))]
    return [
        place
        for place, path in enumerate(paths)
        if any(path == name or path.startswith(f"{name}.") for name in chosen)
    ]


def _check_size(file: pq.ParquetFile, leaves: Sequence[int], path: Path, label: str) -> None:
    """Raises DataError if the columns unpack to more than a packed file may."""
    size = 0
    for group in range(file.num_row_groups):
        stored = file.metadata.row_group(group)
        for place in leaves:
            column = stored.column(place)
            size += max(column.total_uncompressed_size, _LEAST * column.num_values)
    if size > most_unpacked(path):
        raise unpacks_too_much(label)


def _batch_size(path: Path, file: pq.ParquetFile, group: int, leaves: Sequence[int], label: str) -> int:
    """Returns how many rows of a group are decoded at once: few where a value may be large.

    A dictionary repeats a value any number of times, and so do prefixes; all other encodings hold each value
    as often as it is there.
    """
    largest, stored = 1, file.metadata.row_group(group)
    lists: list[int] = []
    for place in leaves:
        column, kind = stored.column(place), file.schema.column(place)
        longest = kind.length
        if column.physical_type == "BYTE_ARRAY":
            longest = column.total_uncompressed_size
            if column.has_dictionary_page and longest * _ROWS > LONGEST:
                values = _dictionary(next(_coded(path, file, group, place, 1), None))
                longest = longest if values is None else max(_lengths(values).to_pylist(), default=0)
        in_row = -(-column.num_values // max(1, stored.num_rows))
        if kind.max_repetition_level and longest * column.num_values > LONGEST:
            lists.append(place)
        elif longest and kind.max_repetition_level == 0:
            in_row = 1
        largest = max(largest, longest * in_row)
    size = max(1, min(_ROWS, LONGEST // largest))
    for place in lists:
        _check_lists(_coded(path, file, group, place, size), label)
    return size


def _coded(path: Path, file: pq.ParquetFile, group: int, place: int, size: int) -> Iterator[pa.RecordBatch]:
    """Yields a stored column of texts as its dictionary and the places in it."""
    name = file.schema.column(place).path
    with pq.ParquetFile(path, read_dictionary=[name]) as opened:
        yield from opened.iter_batches(size, row_groups=[group], columns=[name])


def _check_lists(batches: Iterator[pa.RecordBatch], label: str) -> None:
    """Raises DataError if the lists of some rows hold far more than others."""
    for batch in batches:
        values = _dictionary(batch)
        if values is None or (pc.sum(_lengths(values).take(values.indices)).as_py() or 0) > _LISTS * LONGEST:
            raise DataError(f"{label}: lists of texts hold more than {_LISTS * LONGEST:,} bytes")


def _dictionary(batch: pa.RecordBatch | None) -> pa.DictionaryArray | None:
    """Returns the texts of a batch of one stored column; None if there is no dictionary of them."""
    array = None if batch is None else batch.column(0)
    while array is not None and pa.types.is_nested(array.type):
        inner = array.flatten()
        array = inner[0] if isinstance(inner, list) else inner
    return array if isinstance(array, pa.DictionaryArray) else None


def _lengths(values: pa.DictionaryArray) -> pa.Array:
    return pc.binary_length(values.dictionary.cast(pa.large_binary()))


def _plain(batch: pa.RecordBatch, label: str, number: int) -> Iterator[Mapping[str, Any]]:
    """Yields the rows of a batch; those of one with many values or bytes are looked at one by one."""
    if batch.nbytes <= LONGEST and _values(batch.columns) <= MOST_VALUES:
        yield from batch.to_pylist()
        return
    for place in range(batch.num_rows):
        row, where = batch.slice(place, 1), f"{label}: row {number + place + 1}"
        if row.nbytes > LONGEST:
            raise DataError(f"{where}: the row is longer than {LONGEST:,} bytes")
        if _values(row.columns) > MOST_VALUES:
            raise too_many_values(where)
        yield from row.to_pylist()


def _values(arrays: Sequence[pa.Array]) -> int:
    """Returns how many values arrays hold, those in lists and objects included."""
    count = 0
    for array in arrays:
        count += len(array)
        if pa.types.is_map(array.type):
            array = pa.ListArray.from_arrays(array.offsets, array.keys).slice(0)
            count += 2 * len(array.flatten())
        elif pa.types.is_nested(array.type):
            inner = array.flatten()
            count += _values(inner if isinstance(inner, list) else [inner])
    return count
