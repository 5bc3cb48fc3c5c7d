"""Tables as rows: JSON lines, CSV, TSV and Parquet files, one mapping from column to value a row."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hardneg.core.errors import DataError
from hardneg.core.lines import LONGEST, raw_lines, text_lines, uncompressed_name, unreadable

Row = Mapping[str, Any]
Rows = Iterator[tuple[str, Row]]

_BATCH = 1024
_SHOWN = 40


def is_table(path: Path) -> bool:
    """Returns whether the file's name says that it is a table that `rows` reads."""
    return _suffix(path) in _READERS


def accepted_names() -> str:
    """Returns how files that `rows` reads are called, for errors."""
    return f"{', '.join(_READERS)}, each but .parquet also with .gz or .zst"


def rows(path: Path, label: str = "") -> Rows:
    """Yields (where, row) for each row of a table; a blank line is none.

    JSON lines give values of any JSON type, Parquet of any type that it stores, CSV and TSV strings. CSV and
    TSV need a header and may quote fields with `"`.
    """
    reader = _READERS.get(_suffix(path))
    if reader is None:
        raise DataError(f"{path}: the name should end with one of {accepted_names()}")
    return reader(path, label or path.name)


def json_rows(path: Path, label: str) -> Rows:
    """Yields (where, row) for each line of a JSON lines file."""
    for where, line in text_lines(path, label):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: broken JSON: {_first_line(error)}{_array_hint(line)}") from None
        if not isinstance(row, dict):
            raise DataError(
                f"{where}: each line needs a JSON object, found a {kind_of(row)}{_array_hint(line)}"
            )
        yield where, row


def kind_of(value: Any) -> str:
    """Returns what a person calls a value of this type."""
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", dict: "object"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def some(names: Collection[str], most: int = _SHOWN, longest: int | None = _SHOWN) -> str:
    """Returns names for an error, no more of them, and of each no more, than can be read."""
    shown = ", ".join(name[:longest] for name in islice(names, most))
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def _delimited_rows(path: Path, label: str, delimiter: str) -> Rows:
    csv.field_size_limit(LONGEST)
    reader = csv.reader(raw_lines(path, label), delimiter=delimiter, strict=True)
    header: list[str] = []
    begin = 1
    try:
        for fields in reader:
            where = f"{label}:{begin}"
            begin = reader.line_num + 1
            if not fields:
                continue
            if header:
                yield where, _zipped(header, fields, where)
            else:
                header = _header(fields, where)
    except csv.Error as error:
        raise DataError(
            f'{label}:{begin}: {error}; a field that holds " is quoted and has it doubled'
        ) from None


def _header(fields: list[str], where: str) -> list[str]:
    header = [field.strip() for field in fields]
    twice = sorted(name for name, count in Counter(header).items() if count > 1)
    if twice:
        raise DataError(f"{where}: the header names a column twice: {some(twice)}")
    return header


def _zipped(header: list[str], fields: list[str], where: str) -> Row:
    if len(fields) != len(header):
        raise DataError(f"{where}: {len(fields)} columns, but the header has {len(header)}: {some(header)}")
    return dict(zip(header, fields, strict=True))


def _csv_rows(path: Path, label: str) -> Rows:
    return _delimited_rows(path, label, ",")


def _tsv_rows(path: Path, label: str) -> Rows:
    return _delimited_rows(path, label, "\t")


def _parquet_rows(path: Path, label: str) -> Rows:
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            _header(file.schema_arrow.names, label)
            for batch in file.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{label}: row {number}", row
    except UnicodeDecodeError as error:
        raise DataError(f"{label}: after row {number}: a text is not UTF-8 ({error.reason})") from None
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise unreadable(path, error) from None


def _array_hint(line: str) -> str:
    return "; turn the array into lines: jq -c '.[]'" if line.lstrip().startswith("[") else ""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _suffix(path: Path) -> str:
    return Path(uncompressed_name(path)).suffix.lower()


_READERS: dict[str, Callable[[Path, str], Rows]] = {
    ".jsonl": json_rows,
    ".ndjson": json_rows,
    ".json": json_rows,
    ".csv": _csv_rows,
    ".tsv": _tsv_rows,
    ".parquet": _parquet_rows,
}
