"""Tables as rows: JSON lines, CSV, TSV and Parquet files, one mapping from column to value a row.

Values of a row are checked one by one, with errors that say what the place needs.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.core.lines import LONGEST, FileCounts, is_parquet, raw_lines, text_lines, uncompressed_name
from hardneg.sources.cells import Cells, check_text
from hardneg.sources.columns import some
from hardneg.sources.json_values import json_values
from hardneg.sources.parquet import MOST_VALUES, parquet_rows, too_many_values

Row = Mapping[str, Any]
Rows = Iterator[tuple[str, Row]]
Columns = Callable[[Sequence[str], str], Sequence[str]]
"""Returns the columns to read, given the names of all and what errors call the file."""

PART = re.compile(r"-\d{5}-of-\d{5}")
"""What numbers a file among the parts of a table, as data sets of the hub are cut into."""

_DELIMITERS = {",": "", "\t": "columns_separated_by_tabs", ";": "columns_separated_by_semicolons"}
"""The separators of a CSV file in the order in which its header is searched for them, and their notes."""
_WHOLE = re.compile(r"\s*([+-]?\d{1,12})(?:\.0*)?\s*", re.ASCII)


def is_table(path: Path) -> bool:
    """Returns whether the file's name says that it is a table that `rows` reads."""
    return _suffix(path) in _READERS or is_parquet(path)


def has_named_columns(path: Path) -> bool:
    """Returns whether a file is a table whose columns have names: JSON lines, Parquet, CSV without tabs."""
    if _suffix(path) == ".csv":
        first = _first_line(path)
        return "\t" not in first and ("," in first or ";" in first)
    return _READERS.get(_suffix(path)) is _json_rows or is_parquet(path)


def accepted_names() -> str:
    """Returns how files that `rows` reads are called, for errors."""
    return f"{', '.join(_READERS)}, each but .parquet also with .gz or .zst"


def rows(
    path: Path, label: str = "", notes: Counter[str] | None = None, columns: Columns | None = None
) -> Rows:
    """Yields (where, row) for each row of a table; a blank line is none.

    JSON lines give values of any JSON type, Parquet of any type that it stores, CSV and TSV strings. CSV and
    TSV need a header. A CSV file may quote fields with `"`, and be separated by semicolons or tabs where its
    header has no comma; in a TSV file quotes are part of the text.

    Args:
        path: The file.
        label: What errors call the file; its name unless given.
        notes: Counts JSON objects that give a name twice, of which the last value stands.
        columns: Which columns of a Parquet file are read; all unless given.

    Raises:
        DataError: The file cannot be read, is broken, or goes beyond the limits.
    """
    reader = _parquet_rows if is_parquet(path) else _READERS.get(_suffix(path))
    if reader is None:
        raise DataError(f"{path}: the name should end with one of {accepted_names()}")
    label, notes = label or path.name, Counter() if notes is None else notes
    table = reader(path, label, notes, columns or _all)
    return _counted(table, label, notes) if isinstance(notes, FileCounts) else table


def _counted(table: Rows, label: str, notes: FileCounts) -> Rows:
    """Yields the rows of a file, and notes how many there are."""
    number = 0
    for row in table:
        number += 1
        yield row
    notes.count(label, rows=number)


def _json_rows(path: Path, label: str, notes: Counter[str], columns: Columns) -> Rows:
    """Yields (where, row) for each object of a JSON file, or list of a query, its positive and negatives."""
    for where, row in json_values(path, label, notes):
        if isinstance(row, list) and len(row) > 1:
            row = row_of(row)
        if not isinstance(row, dict):
            raise DataError(
                f"{where}: each row needs a JSON object, or a list of query, positive and negatives, found "
                f"{kind_of(row)}"
            )
        yield where, row


def row_of(values: Sequence[Any]) -> Row:
    """Returns the row that a query, its positive and its negatives make."""
    query, positive, *negatives = values
    named = {f"negative_{number}": text for number, text in enumerate(negatives, 1)}
    return {"query": query, "positive": positive, **named}


def text_of(row: Row, column: str, where: str, needs: str) -> str:
    """Returns the string in a column."""
    value = _value(row, column, where, needs)
    if not isinstance(value, str):
        raise DataError(f'{where}: "{column}" is {kind_of(value)}; a string is needed')
    return value


def given_text(row: Row, column: str, where: str, needs: str) -> str:
    """Returns the string in a column, empty where it holds null; the column must be there."""
    return "" if column in row and row[column] is None else text_of(row, column, where, needs)


def id_of(row: Row, column: str, where: str, needs: str) -> str:
    """Returns the id in a column; a whole number is turned into its digits."""
    return as_id(_value(row, column, where, needs), column, where)


def as_id(value: Any, column: str, where: str) -> str:
    """Returns a value as an id; a whole number is turned into its digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise DataError(f'{where}: "{column}" is {kind_of(value)}; an id is a string or a whole number')


def optional_text(row: Row, column: str, where: str) -> str:
    """Returns the string in a column, empty if there is no such column or it holds null."""
    return "" if row.get(column) is None else text_of(row, column, where, "")


def prompt_in(row: Row, column: str | None, where: str) -> str:
    """Returns the instruction that a row has for its query, empty if it has none."""
    value = None if column is None else row.get(column)
    if not isinstance(value, str | None):
        raise DataError(
            f'{where}: "{column}" is {kind_of(value)}; the prompt of a query is a string; rename the column '
            "if it is something else"
        )
    return value or ""


def relevance_of(value: Any, where: str, column: str = "") -> int:
    """Returns a relevance; `1.0` is 1, in digits or as a number. Errors name the column if it is given."""
    if isinstance(value, bool):
        return int(value)
    match = _WHOLE.fullmatch(str(value))
    if match is None:
        also = f'; if "{column}" says something else, rename it' if column else ""
        raise DataError(f"{where}: the relevance is {value!r}; a whole number is needed{also}")
    return int(match[1])


def _value(row: Row, column: str, where: str, needs: str) -> Any:
    value = row.get(column)
    if value is None:
        raise DataError(f'{where}: "{column}" is missing; {needs}')
    if isinstance(value, str):
        check_text(row, column, value, where)
    return value


def kind_of(value: Any) -> str:
    """Returns what a person calls a value of this type, with its article."""
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", dict: "object"}
    if value is None:
        return "null"
    name = names.get(type(value), type(value).__name__)
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"


def delimiter_of(path: Path, label: str = "", notes: Counter[str] | None = None) -> str:
    """Returns what separates the columns of a TSV file, or of a CSV file by what its header has."""
    if _suffix(path) == ".tsv":
        return "\t"
    header = _first_line(path, label, notes)
    return next((mark for mark in _DELIMITERS if mark in header), ",")


def _first_line(path: Path, label: str = "", notes: Counter[str] | None = None) -> str:
    """Returns the first line of a file that is not blank, without its ending."""
    lines = raw_lines(path, label, Counter() if notes is None else notes)
    return next((line for line in lines if line.strip()), "").partition("\r")[0]


def _comma_rows(path: Path, label: str, notes: Counter[str], columns: Columns) -> Rows:
    """Yields (where, row) for each row of a CSV file, whose fields may be quoted."""
    csv.field_size_limit(LONGEST)
    delimiter = delimiter_of(path, label, notes)
    if delimiter != ",":
        notes[_DELIMITERS[delimiter]] = 1
    reader = csv.reader(_csv_lines(path, label, notes), delimiter=delimiter, strict=True)
    begin = 1

    def numbered() -> Iterator[tuple[str, list[str]]]:
        nonlocal begin
        for fields in reader:
            yield f"{label}:{begin}", fields
            begin = reader.line_num + 1

    try:
        yield from _headed(numbered())
    except csv.Error:
        raise DataError(
            f"{label}:{begin}: a quoted field is not closed, or goes on behind its closing quote; a field "
            'that holds " is quoted and has it doubled'
        ) from None


def _csv_lines(path: Path, label: str, notes: Counter[str]) -> Iterator[str]:
    """Yields lines that end in a line feed, or, if the first one does not, in a bare carriage return."""
    for line in raw_lines(path, label, notes):
        bare = "\r" in line.removesuffix("\n").removesuffix("\r")
        yield from re.findall(r"[^\r\n]*(?:\r\n|\r|\n|$)", line)[:-1] if bare else (line,)


def _tab_rows(path: Path, label: str, notes: Counter[str], columns: Columns) -> Rows:
    """Yields (where, row) for each line of a TSV file; quotes are part of the text."""

    def split() -> Iterator[tuple[str, list[str]]]:
        for where, line in text_lines(path, label, notes):
            fields = line.split("\t")
            notes.update(["fields_in_quotes"] * sum(map(_is_quoted, fields)))
            yield where, fields

    yield from _headed(split())


def _is_quoted(field: str) -> bool:
    """Returns whether a spreadsheet would have quoted a field so: all quotes inside are doubled."""
    return len(field) > 1 and field[0] == field[-1] == '"' and '"' not in field[1:-1].replace('""', "")


def _headed(table: Iterator[tuple[str, list[str]]]) -> Rows:
    """Yields (where, row), the first fields being the names of the columns; rows of empty fields are none.

    Columns at the end that have neither a name nor a value are none.
    """
    header: list[str] = []
    given = 0  # columns, with those at the end that have no name, as spreadsheets leave them
    for where, fields in table:
        if not any(map(str.strip, fields)):
            continue
        if not header:
            header, given = _header(fields, where), len(fields)
            continue
        while len(fields) > len(header) and len(fields) <= given and not fields[-1].strip():
            fields.pop()
        if len(fields) == len(header):
            yield where, Cells(zip(header, fields, strict=True))
        else:
            raise DataError(
                f"{where}: {counted(len(fields), 'column')}, but the header has {len(header)}: {some(header)}"
            )


def _header(fields: list[str], where: str) -> list[str]:
    if len(fields) > MOST_VALUES:
        raise too_many_values(where)
    header = [field.strip() for field in fields]
    while len(header) > 1 and not header[-1]:
        header.pop()
    twice = sorted(name for name, count in Counter(header).items() if count > 1)
    if twice:
        raise DataError(f"{where}: the header names a column twice: {some(twice)}")
    return header


def _parquet_rows(path: Path, label: str, notes: Counter[str], columns: Columns) -> Rows:
    if not is_parquet(path):
        raise DataError(f"{label}: the name says Parquet, but the file does not begin as such files do")

    def chosen(names: Sequence[str], where: str) -> Sequence[str]:
        _header(list(names), where)
        return columns(names, where)

    return parquet_rows(path, label, chosen)


def _all(names: Sequence[str], where: str) -> Sequence[str]:
    return names


def _suffix(path: Path) -> str:
    return Path(uncompressed_name(path)).suffix.lower()


_READERS: dict[str, Callable[[Path, str, Counter[str], Columns], Rows]] = {
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".json": _json_rows,
    ".csv": _comma_rows,
    ".tsv": _tab_rows,
    ".parquet": _parquet_rows,
}
