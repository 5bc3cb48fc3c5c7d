"""Rows of examples that are no pairs of a query and its document: which are read, and what has which role."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hardneg.core.components import Source
from hardneg.core.errors import DataError
from hardneg.core.lines import uncompressed_name
from hardneg.core.records import Collection
from hardneg.core.stores import fetched
from hardneg.sources import hf
from hardneg.sources.builder import WHOLE, LoadOptions
from hardneg.sources.cells import check_text
from hardneg.sources.columns import Notes, column_of, some
from hardneg.sources.tables import Row, Rows, rows, text_of

Accepted = Mapping[str, Sequence[str]]
"""The names of columns by role, in lower case; a role that ends with `?` may be missing."""


class ExampleSource(Source):
    """A source of examples: a file, a URL, a data set as `hf:ID`, or rows in memory."""

    takes_paths: ClassVar[bool] = True

    def read(self, name: str, options: LoadOptions) -> Collection:
        """Returns the collection that a table makes."""
        notes = Notes()
        short, table, split_is_read = table_of(name, options, notes)
        return self.collection(short, table, options, split_is_read, notes)

    def read_rows(self, name: str, table: Rows, options: LoadOptions, split_is_read: bool) -> Collection:
        """Returns the collection that rows in memory make."""
        return self.collection(name, table, options, split_is_read, Notes())

    @abstractmethod
    def collection(
        self, name: str, table: Rows, options: LoadOptions, split_is_read: bool, notes: Notes
    ) -> Collection:
        """Returns the collection that rows make, what was left out noted."""


def table_of(name: str, options: LoadOptions, notes: Notes) -> tuple[str, Rows, bool]:
    """Returns what a file, a URL or `hf:ID` is called, its rows, and whether they are of one split."""
    if name.startswith("hf:"):
        return hf.labelled_rows(name.removeprefix("hf:"), options)
    path = fetched(name)
    return Path(uncompressed_name(path)).stem, rows(path, notes=notes), False


def examples(
    table: Rows, options: LoadOptions, notes: Notes, accepted: Accepted, split_is_read: bool
) -> Iterator[tuple[str, Row, dict[str, str]]]:
    """Yields (where, row, column by role) for each row of the chosen split; rows of others are not read.

    Raises:
        DataError: A role that is needed has no column, or there is no such split.
    """
    known: dict[tuple[str, ...], dict[str, str]] = {}
    splits: set[str] = set()
    chosen = False
    where = ""
    for where, row in table:
        names = tuple(row)
        if names not in known:
            known[names] = _columns(row, options, {**accepted, "split?": ("split",)}, where)
            notes.columns(row, known[names].values())
        columns = known[names]
        split = options.split
        if not split_is_read and "split" in columns:
            split = text_of(row, columns["split"], where, "other rows have it")
            splits.add(split)
        if options.split in (split, "all"):
            chosen = True
            yield where, row, columns
    if splits and not chosen:
        raise DataError(
            f'{where}: no row of the split "{options.split}"; splits found: {some(sorted(splits))}; choose '
            "one, or all, with --split"
        )
    if not splits and not split_is_read and options.split not in WHOLE:
        raise DataError(
            f'{where}: there is no column "split", so there is no split "{options.split}"; read the whole '
            "file with --split all"
        )


def text_in(row: Row, column: str, where: str) -> str:
    """Returns the text in a column, empty where it holds null."""
    if row.get(column) is None:
        return ""
    text = text_of(row, column, where, "")
    check_text(row, column, text, where, typed=True)
    return text


def is_missing(value: Any) -> bool:
    """Returns whether a value is null, NaN or an empty text."""
    return value is None or value != value or not str(value).strip()


def _columns(row: Row, options: LoadOptions, accepted: Accepted, where: str) -> dict[str, str]:
    found = {}
    for asked, names in accepted.items():
        role = asked.removesuffix("?")
        column = column_of(row, role, names, where, options.columns)
        if column is not None:
            found[role] = column
        elif role == asked:
            own = f'"{options.columns[role]}" ' if role in options.columns else ""
            raise DataError(
                f"{where}: no column {own}for the {role} among those found: {some(row)}; accepted: "
                f"{', '.join(names)}; or name it: --column {role}=COLUMN"
            )
    return found
