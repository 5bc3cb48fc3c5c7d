"""What was written is read back line by line and held against what trainers stumble over."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from hardneg.core.display import counted
from hardneg.core.errors import DataError, problem

_CHUNK = 10 << 20  # bytes that `datasets` (5.2, packaged_modules/json) reads to infer types
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?Z?)?")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number that JSON has")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


@dataclass(frozen=True)
class Line:
    """One row of a file that is being checked.

    Attributes:
        place: `file:line`, for errors.
        row: Its columns.
    """

    place: str
    row: dict[str, Any]

    def fault(self, what: str) -> DataError:
        """Returns the error that names this line."""
        return DataError(f"{self.place}: {what}")

    def columns(self, expected: Sequence[str]) -> None:
        """Checks that the columns are these, in this order: trainers read by position."""
        if list(self.row) != list(expected):
            raise self.fault(f"columns {', '.join(self.row)} found, {', '.join(expected)} expected")

    def get(self, key: str) -> Any:
        """Returns a column's value."""
        if self.row.get(key) is None:
            raise self.fault(f'"{key}" is missing')
        return self.row[key]

    def text(self, key: str) -> str:
        """Returns a column that holds a text with something in it."""
        return self.string(self.get(key), f'"{key}"')

    def string(self, value: Any, what: str) -> str:
        """Returns a value that is a text with something in it."""
        if not isinstance(value, str):
            raise self.fault(f"{what} is {_kind(value)}, expected a text")
        if not value.strip():
            raise self.fault(f"{what} is an empty text")
        return value

    def items(self, key: str) -> list[Any]:
        """Returns a column that holds a list with something in it."""
        value = self.get(key)
        if not isinstance(value, list):
            raise self.fault(f'"{key}" is {_kind(value)}, expected a list')
        if not value:
            raise self.fault(f'"{key}" is an empty list')
        return value

    def texts(self, key: str) -> Sequence[str]:
        """Returns a column that holds a list of texts, none of them empty."""
        return [self.string(value, f'"{key}"[{place}]') for place, value in enumerate(self.items(key))]

    def numbers(self, key: str, count: int, nulls: bool = False) -> None:
        """Checks that a column holds a list of so many numbers."""
        values = self.items(key)
        if len(values) != count:
            raise self.fault(f'"{key}" has {counted(len(values), "value")}, expected {count}, one a document')
        for value in values:
            if not (is_number(value) or (nulls and value is None)):
                raise self.fault(f'"{key}" holds {_kind(value)}, expected a number')

    def apart(self, positives: Iterable[str], negatives: Collection[str]) -> None:
        """Checks that no negative is a positive too."""
        for positive in positives:
            if positive in negatives:
                raise self.fault(f"{positive[:60]!r} is both a positive and a negative")


def read_lines(path: Path) -> Iterator[Line]:
    """Yields the rows of a JSON lines or Parquet file."""
    columns: set[str] | None = None
    for number, row in enumerate(_rows(path), 1):
        line = Line(f"{path}:{number}", row)
        if not isinstance(row, dict):
            raise line.fault(f"{_kind(row)} found, expected a JSON object")
        columns = set(row) if columns is None else columns
        if set(row) != columns:
            raise line.fault(f"columns {', '.join(row)} differ from those of the first line")
        yield line
    if columns is None:
        raise DataError(f"{path}: there is no row in it; was every query skipped?")


def read_ids(path: Path, key: str, text: str = "text") -> set[str]:
    """Returns the ids of a corpus or query file that goes with the training set."""
    found: set[str] = set()
    for line in read_lines(path):
        identifier = line.text(key)
        line.text(text)
        if identifier in found:
            raise line.fault(f'"{key}" {identifier!r} comes twice')
        found.add(identifier)
    if path.suffix != ".parquet" and all(_DATE.fullmatch(identifier) for identifier in found):
        raise DataError(
            f'{path}: every "{key}" looks like a date, and `datasets` would read dates; use other ids'
        )
    return found


def known(line: Line, ids: Iterable[Any], corpus: Collection[str], where: Path) -> None:
    """Checks that a line's ids stand in the file that goes with it."""
    for identifier in ids:
        if identifier not in corpus:
            raise line.fault(f"{identifier!r} is not in {where.name}")


def is_number(value: Any) -> bool:
    """Returns whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _rows(path: Path) -> Iterator[Any]:
    try:
        if path.suffix != ".parquet":
            yield from _json_rows(path)
            return
        with pq.ParquetFile(path) as opened:
            for batch in opened.iter_batches(batch_size=1024):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot read {path}: {problem(error)}") from error


def _json_rows(path: Path) -> Iterator[Any]:
    typed: set[str] = set()
    begin = 0
    with path.open("rb") as opened:
        for number, line in enumerate(opened, 1):
            row = _parse(line, f"{path}:{number}")
            new = set(_typed(row, "")) - typed
            if new and begin >= _CHUNK:
                raise DataError(
                    f'{path}:{number}: "{min(new)}" has a value here but none in the first 10 MB, where '
                    "`datasets` looks for the types of columns; write Parquet, or leave the column out"
                )
            typed |= new
            begin += len(line)
            yield row


def _parse(line: bytes, place: str) -> Any:
    try:
        return _DECODER.decode(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: not JSON: {problem(error)}") from error


def _typed(value: Any, path: str) -> Iterator[str]:
    """Yields the paths at which a row has a value that tells its type."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _typed(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from _typed(inner, path)
    elif value is not None:
        yield path


def _kind(value: Any) -> str:
    names = {str: "a text", list: "a list", dict: "an object", type(None): "null"}
    return names.get(type(value), f"{value!r}")
