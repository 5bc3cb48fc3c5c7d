"""Documents from a file of their own: any table with a text column, or one document a line of a `.txt`."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterator, Sequence
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.lines import text_lines, uncompressed_name
from hardneg.core.records import Collection
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.columns import column_of, some
from hardneg.sources.tables import (
    Columns,
    Row,
    Rows,
    accepted_names,
    given_text,
    id_of,
    is_table,
    optional_text,
    rows,
)

_Roles = tuple[str, str | None, str | None]
IDS = ("_id", "id", "doc_id", "docid", "docno", "document_id")
TEXTS = ("text", "contents", "document")
_NEEDS = (
    f"each document needs a text ({' or '.join(TEXTS)}); an id ({', '.join(IDS)}) and a title are optional"
)


def documents_alone(path: Path) -> bool:
    """Returns whether a file holds documents and no queries, by its name or the columns of its first row."""
    if Path(uncompressed_name(path)).suffix.lower() == ".txt":
        return True
    if not is_table(path):
        return False
    _, row = next(rows(path), ("", {}))
    columns = {column.lower() for column in row}
    return bool(columns & set(TEXTS)) and columns <= {*IDS, *TEXTS, "title", "metadata"}


def read_documents(path: Path, options: LoadOptions) -> Collection:
    """Returns the documents in a file, without queries."""
    builder = CollectionBuilder(Path(uncompressed_name(path)).stem, options)
    add_documents(builder, path)
    return builder.build(documents_alone=True)


def add_documents(builder: CollectionBuilder, path: Path, label: str = "") -> None:
    """Adds the documents in a file; one without an id is given `d1`, `d2`... by its place among such."""
    if Path(uncompressed_name(path)).suffix.lower() == ".txt":
        names = fresh_names(builder)
        for where, line in text_lines(path, label, builder.notes):
            add_unnamed(builder, line, names, where=where)
    elif is_table(path):
        add_rows(builder, rows(path, label, builder.notes, _columns(builder)))
    else:
        raise DataError(f"{path}: a file of documents ends with .txt or one of {accepted_names()}")


def add_rows(builder: CollectionBuilder, table: Rows, *, again: bool = False) -> None:
    """Adds the documents of a table with a text, perhaps an id and a title; `again` as for the builder."""
    names, known = fresh_names(builder), dict[tuple[str, ...], _Roles]()
    for where, row in table:
        columns = tuple(row)
        if columns not in known:
            known[columns] = _roles(builder, row, where)
            builder.notes.columns(columns, known[columns])
        _add(builder, row, known[columns], names, where, again)


def add_unnamed(
    builder: CollectionBuilder,
    text: str,
    names: Iterator[str],
    title: str = "",
    *,
    where: str,
    again: bool = False,
) -> str:
    """Adds a document without an id and returns the id that it got: that of an equal text if there is one."""
    known = builder.document_of(text, title)
    if known is not None:
        builder.notes.update([] if again else ["merged_duplicate_documents"])
        return known
    doc_id = next(names)
    builder.add_document(doc_id, text, title, where=where)
    return doc_id


def fresh_names(builder: CollectionBuilder) -> Iterator[str]:
    """Yields `d1`, `d2`..., passing over ids that the builder knows."""
    number = 0
    while True:
        number += 1
        if not builder.has_document(f"d{number}"):
            yield f"d{number}"


def _columns(builder: CollectionBuilder) -> Columns:
    """Returns a function that returns the columns that are read, and notes the others."""

    def chosen(names: Sequence[str], where: str) -> Sequence[str]:
        columns = [name for name in _roles(builder, names, where) if name is not None]
        builder.notes.columns(names, columns)
        return columns

    return chosen


def _roles(builder: CollectionBuilder, row: Names[str], where: str) -> _Roles:
    """Returns the columns of the text, the title and the id."""
    named = builder.options.columns
    text = column_of(row, "text", TEXTS, where, named)
    if text is None:
        missing = f'there is no column "{named["text"]}"; ' if "text" in named else ""
        raise DataError(
            f"{where}: {missing}columns found: {some(row)}; {_NEEDS}; name it with --column text=COLUMN"
        )
    return text, column_of(row, "title", ("title",), where, named), column_of(row, "id", IDS, where, named)


def _add(
    builder: CollectionBuilder, row: Row, roles: _Roles, names: Iterator[str], where: str, again: bool
) -> None:
    text_column, title_column, id_column = roles
    text = given_text(row, text_column, where, _NEEDS)
    title = optional_text(row, title_column, where) if title_column else ""
    if id_column is None:
        add_unnamed(builder, text, names, title, where=where, again=again)
    else:
        builder.add_document(id_of(row, id_column, where, _NEEDS), text, title, where=where, again=again)
