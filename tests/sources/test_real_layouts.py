"""Tables that people bring in every kind of file, and damaged: the same values, or one line that says why."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pytest

from hardneg import Collection
from hardneg.core.errors import HardnegError
from hardneg.sources import LoadOptions, load
from tests.sources.layouts import Judged, Table
from tests.sources.real_pairs import TABLES_OF_PAIRS
from tests.sources.real_training_sets import TRAINING_SETS
from tests.sources.written import (
    CELLS,
    JSON,
    QUOTE,
    less,
    lines,
    parquet,
    put,
    quoted,
    same,
    separated,
    tabbed,
)

TABLES = [*TRAINING_SETS, *TABLES_OF_PAIRS]
FLAT = [table for table in TABLES if table.flat]
ALWAYS_READ = (
    *("columns in reverse", "columns sorted", "a column of numbers first", "a column of nothing"),
    *("a column of short texts", "a row twice"),
)
DAMAGED = {".jsonl": lines, ".csv": separated(), ".tsv": tabbed, ".parquet": parquet}


def named(table: Table) -> str:
    return table.name


def judged(collection: Collection) -> Judged:
    """Returns the relevance of each text that was judged, or listed as a negative (0), by query."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    judgments = collection.judgments
    for query, doc, relevance in zip(judgments.query, judgments.doc, judgments.relevance, strict=True):
        found[collection.queries.texts([query])[0]][collection.documents.texts([doc])[0]] = int(relevance)
    for query, doc in zip(*collection.listed(), strict=True):
        found[collection.queries.texts([query])[0]].setdefault(collection.documents.texts([doc])[0], 0)
    return found


def in_file(table: Table, folder: Path, kind: tuple, rows=None) -> Collection:
    """Writes a table, with the files beside it, and reads it."""
    suffix, write = kind
    path = put(folder / f"train{suffix}", write(table.rows if rows is None else rows))
    options = dict(table.options)
    for name, beside in table.beside.items():
        file = put(folder / f"{'train.' if name != '--corpus' else ''}{name}{suffix}", write(beside))
        if name == "--corpus":
            options["corpus"] = str(file)
    return load(str(path), LoadOptions(**options))


def check(table: Table, collection: Collection) -> None:
    assert judged(collection) == table.wanted
    texts = {text for own in table.wanted.values() for text in own} | table.more
    assert set(collection.documents.texts(range(len(collection.documents)))) == texts
    if table.ids is not None:
        queries, documents = collection.queries, collection.documents
        assert {*queries.ids(range(len(queries))), *documents.ids(range(len(documents)))} == table.ids


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize("table", TABLES, ids=named)
def test_values_of_any_type(table, kind, tmp_path):
    check(table, in_file(table, tmp_path, JSON[kind]))


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("table", FLAT, ids=named)
def test_cells(table, kind, tmp_path):
    check(table, in_file(table, tmp_path, CELLS[kind]))


def outcome(table: Table, folder: Path, suffix: str, rows, write=None) -> Judged | None:
    """Returns what is read of damaged rows, None if they are refused in one line or cannot be written."""
    try:
        return judged(in_file(table, folder, (suffix, write or DAMAGED[suffix]), rows))
    except pa.ArrowException:
        return None
    except HardnegError as error:
        assert "\n" not in str(error) and len(str(error)) > 10
        return None


def damaged(*suffixes: str):
    """Returns each table in each kind of file that can hold it."""
    each = [(t, s) for t in TABLES for s in suffixes if t.flat or s not in (".csv", ".tsv")]
    return pytest.mark.parametrize(("table", "suffix"), each, ids=lambda part: getattr(part, "name", part))


@damaged(".jsonl", ".csv")
def test_rows_that_say_the_same_are_read_so_or_refused(table, suffix, tmp_path):
    for what, rows in same(table.rows):
        found = outcome(table, tmp_path, suffix, rows)
        assert found == table.wanted or (found is None and what not in ALWAYS_READ), what


@damaged(".jsonl", ".csv", ".parquet")
def test_rows_that_say_less_say_nothing_else(table, suffix, tmp_path):
    for what, rows in less(table.rows, table.decisive):
        found = outcome(table, tmp_path, suffix, rows)
        for query, documents in (found or {}).items():
            assert documents.items() <= table.wanted.get(query, {}).items(), what


@damaged(".csv", ".tsv", ".jsonl")
def test_a_stray_quote_stays_in_its_text_or_is_refused(table, suffix, tmp_path):
    def write(rows):
        return with_quotes(DAMAGED[suffix](rows))

    for what, rows in quoted(table.rows):
        meant = [{name: with_quotes(value) for name, value in row.items()} for row in rows]
        wanted = outcome(table, tmp_path / "meant", ".jsonl", meant)
        found = outcome(table, tmp_path, suffix, rows, write)
        assert found == wanted or (found is None and suffix != ".tsv"), what


def with_quotes(value):
    return value.replace(QUOTE, '"') if isinstance(value, str) else value
