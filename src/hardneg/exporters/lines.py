"""Rows on disk: JSON lines or Parquet, written as they come, whole or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hardneg.core.components import Written
from hardneg.core.errors import DataError
from hardneg.core.files import atomic
from hardneg.exporters.examples import Notes

Row = Mapping[str, Any]
Add = Callable[[Row], None]

_ROW_GROUP = 4096


def number(value: float) -> float | None:
    """Returns a score or weight in the fewest digits that give the same float32, None if it is not finite."""
    return float(str(np.float32(value))) if math.isfinite(value) else None


def companion_file(out: Path, name: str, suffix: str | None = None) -> Path:
    """Returns the path of a further file of an export: `train.corpus.jsonl` next to `train.jsonl`."""
    return out.with_name(f"{out.stem}.{name}{out.suffix if suffix is None else suffix}")


def to_json(value: Any) -> str:
    """Returns one line of JSON, its text unescaped."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise DataError(f"cannot write a row as JSON: {error}") from error


@contextmanager
def rows_to(out: Path, schema: pa.Schema | None = None) -> Iterator[Add]:
    """Yields a function that adds a row to a file, Parquet if its name says so, else JSON lines."""
    parquet = out.suffix == ".parquet"
    if parquet and schema is None:
        raise DataError(f"{out}: this format is JSON lines, its trainer reads no Parquet; name it .jsonl")
    with atomic(out) as temporary:
        with _parquet_to(temporary, schema) if parquet else _json_to(temporary) as add:
            yield add


@contextmanager
def text_to(out: Path) -> Iterator[TextIO]:
    """Yields a text file to write; it appears when the block ends well."""
    with atomic(out) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as opened:
        yield opened


def once(add: Add, key: str) -> Callable[[str, str], None]:
    """Returns a function that adds the row `{key: id, "text": text}` the first time that an id comes."""
    seen: set[str] = set()

    def add_once(identifier: str, text: str) -> None:
        if identifier not in seen:
            seen.add(identifier)
            add({key: identifier, "text": text})

    return add_once


def write_rows(rows: Iterable[Row], out: Path, notes: Notes, schema: pa.Schema | None = None) -> Written:
    """Writes a format that is one file; the notes are read when all rows are through."""
    count = 0
    with rows_to(out, schema) as add:
        for row in rows:
            add(row)
            count += 1
    return notes.written([out], count)


@contextmanager
def _json_to(path: Path) -> Iterator[Add]:
    with path.open("w", encoding="utf-8", newline="\n") as opened:

        def add(row: Row) -> None:
            opened.write(to_json(row) + "\n")

        yield add


@contextmanager
def _parquet_to(path: Path, schema: pa.Schema) -> Iterator[Add]:
    waiting: list[Row] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(waiting, schema=schema))
            waiting.clear()

        def add(row: Row) -> None:
            waiting.append(row)
            if len(waiting) == _ROW_GROUP:
                flush()

        yield add
        if waiting:
            flush()
