"""Which examples a format can carry, those left out being counted; and rows on disk, whole or not at all."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hardneg.core.components import Written
from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.core.files import atomic
from hardneg.core.records import Example

Row = Mapping[str, Any]
Add = Callable[[Row], None]
Short = Literal["drop", "repeat", "error"]

_ROW_GROUP = 4096
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


class Notes(Counter[str]):
    """Counts by reason what an export left out or repeated."""

    skipped = 0

    def skip(self, reason: str) -> None:
        """Counts an example that gets no row."""
        self[reason] += 1
        self.skipped += 1

    def written(self, files: Iterable[Path], rows: int) -> Written:
        """Returns the record of a finished export."""
        return Written(tuple(files), rows, self.skipped, dict(sorted(self.items())))


def with_positives(examples: Iterable[Example], notes: Notes) -> Iterator[Example]:
    """Yields the examples that have a positive."""
    for example in examples:
        if example.positives:
            yield example
        else:
            notes.skip("no_positives")


def usable(examples: Iterable[Example], notes: Notes, scored: bool = False) -> Iterator[Example]:
    """Yields the examples that have a positive and a negative."""
    for example in examples:
        if scored:
            example = _scored_only(example, notes)
        if example.positives and example.negatives:
            yield example
        else:
            notes.skip("no_negatives" if example.positives else "no_positives")


def uniform(
    examples: Iterable[Example], width: int | None, short: Short, notes: Notes, scored: bool = False
) -> Iterator[Example]:
    """Yields the usable examples with the same number of negatives each, the hardest.

    Without a width it is that of the widest example, and the examples are iterated twice.
    """
    wanted = width or max((len(each.negatives) for each in usable(examples, Notes(), scored)), default=0)
    for example in usable(examples, notes, scored):
        missing = wanted - len(example.negatives)
        if missing <= 0 or short == "repeat":
            notes.update({"repeated_negatives": 1} if missing > 0 else {})
            yield example._replace(negatives=list(islice(cycle(example.negatives), wanted)))
        elif short == "drop":
            notes.skip("short")
        else:
            raise DataError(
                f'query "{example.query_id}" has {counted(len(example.negatives), "negative")}, expected '
                f"{wanted}; "
                "--set format.FORMAT.short=drop or =repeat changes that; or ask for fewer negatives"
            )


def no_spaces(kind: str, identifier: str) -> str:
    """Returns an id for a file whose columns are parted by white space."""
    if identifier.split() != [identifier]:
        raise DataError(
            f"{kind} {identifier!r} is empty or has white space in it, which this format cannot carry"
        )
    return identifier


def _scored_only(example: Example, notes: Notes) -> Example:
    positives = [doc for doc in example.positives if math.isfinite(doc.score)]
    negatives = [doc for doc in example.negatives if math.isfinite(doc.score)]
    unscored = len(example.positives) + len(example.negatives) - len(positives) - len(negatives)
    notes.update({"documents_without_score": unscored} if unscored else {})
    return example._replace(positives=positives, negatives=negatives)


def number(value: float | None) -> float | None:
    """Returns a number in the fewest digits that give the same float32, None if it is none or not finite."""
    return None if value is None or not math.isfinite(value) else float(str(np.float32(value)))


def companion_file(out: Path, name: str, suffix: str | None = None) -> Path:
    """Returns the path of a further file of an export: `train.corpus.jsonl` next to `train.jsonl`."""
    return out.with_name(f"{out.stem}.{name}{out.suffix if suffix is None else suffix}")


def to_json(value: Any) -> str:
    """Returns one line of JSON, its text unescaped."""
    try:
        return _ENCODER.encode(value)
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
