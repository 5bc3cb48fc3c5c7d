"""Queries and judgments of tables, their columns found by name, and of lines without a header, by place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.core.lines import text_lines
from hardneg.sources.builder import CollectionBuilder
from hardneg.sources.columns import PROMPT, column_of, some
from hardneg.sources.tables import (
    Row,
    Rows,
    as_id,
    given_text,
    has_named_columns,
    id_of,
    prompt_in,
    relevance_of,
    rows,
)

QUERY_IDS = ("query_id", "query-id", "qid", "queryid", "topic", "topic_id")
DOC_IDS = ("corpus-id", "corpus_id", "doc_id", "doc-id", "docid", "docno", "document_id", "pid", "passage_id")
RELEVANCE = ("score", "relevance", "label", "rel", "grade")

_Names = Sequence[Sequence[str]]
_Places = tuple[int, int, int]
_Columns = tuple[str, str, str | None]
_JUDGED: dict[str, _Names] = {
    "query_id": (QUERY_IDS, ("_id", "id", "query")),
    "doc_id": (DOC_IDS, ("document", "doc")),
}
"""The names of the columns of judgments, those that say most first."""
_BY_PLACE = ("query_id", "doc_id", "relevance")
_POSITIVE = 1  # where no column says how relevant, as in NanoBEIR
_NEEDS = "each judgment needs it"


def add_query_rows(builder: CollectionBuilder, table: Rows) -> None:
    """Adds the queries of a table with an id, a text and perhaps a prompt."""
    for where, row in table:
        id_column = _needed(builder, row, "query_id", (QUERY_IDS, ("_id", "id")), where)
        text_column = _needed(builder, row, "query", (("text", "query", "question"),), where)
        prompt = column_of(row, "prompt", PROMPT, where, builder.options.columns)
        builder.notes.columns(row, (id_column, text_column, prompt))
        query_id, text = id_of(row, id_column, where, ""), given_text(row, text_column, where, "")
        builder.add_query(query_id, text, where=where, prompt=prompt_in(row, prompt, where))


def add_judgment_rows(builder: CollectionBuilder, table: Rows) -> None:
    """Adds the judgments of a table; a row may judge a list of documents."""
    known: dict[tuple[str, ...], _Columns] = {}
    for where, row in table:
        names = tuple(row)
        if names not in known:
            known[names] = _columns(builder, row, where)
            builder.notes.columns(names, known[names])
        query, doc, relevance = known[names]
        query_id = id_of(row, query, where, _NEEDS)
        graded = _POSITIVE if relevance is None else relevance_of(row[relevance], where)
        ids = row[doc]
        if not isinstance(ids, list):
            ids = [id_of(row, doc, where, _NEEDS)]
        for each in ids:
            builder.add_judgment(query_id, as_id(each, doc, where), graded, where=where)


def add_judgments(
    builder: CollectionBuilder, path: Path, label: str, separator: str | None, places: _Places, needs: str
) -> None:
    """Adds the judgments of a table or a file of lines, whose header, if any, says what its columns are.

    Args:
        builder: Receives them.
        path: The file.
        label: What errors call it.
        separator: What separates the columns of a line; None for any white space.
        places: Where query, document and relevance are in a line without a header, which ends with the last.
        needs: What errors say is needed.
    """
    named = has_named_columns(path)
    lines = _lines(builder, path, label, separator, places, needs)
    add_judgment_rows(builder, rows(path, label, builder.notes) if named else lines)


def _lines(
    builder: CollectionBuilder, path: Path, label: str, separator: str | None, places: _Places, needs: str
) -> Rows:
    header: list[str] = []
    for number, (where, line) in enumerate(text_lines(path, label, builder.notes)):
        fields = line.split(separator)
        if number == 0 and _is_header(builder, fields, where):
            header = [field.strip() for field in fields]
        elif len(fields) != (len(header) or places[2] + 1):
            raise DataError(f"{where}: {counted(len(fields), 'column')}; {needs}")
        elif header:
            yield where, dict(zip(header, fields, strict=True))
        elif number or fields[-1].strip().lower() not in RELEVANCE:
            yield where, {name: fields[place] for name, place in zip(_BY_PLACE, places, strict=True)}


def _is_header(builder: CollectionBuilder, fields: Sequence[str], where: str) -> bool:
    """Returns whether a line names the columns of query and document."""
    names = dict.fromkeys(field.strip() for field in fields)
    return all(_column(builder, names, role, known, where) for role, known in _JUDGED.items())


def _columns(builder: CollectionBuilder, row: Row, where: str) -> _Columns:
    """Returns the columns of query, document and relevance; a number that nobody reads could be the last."""
    query, doc = (_needed(builder, row, role, known, where) for role, known in _JUDGED.items())
    relevance = _column(builder, row, "relevance", (RELEVANCE,), where)
    for column, value in row.items():
        if relevance is None and column not in (query, doc) and _is_number(value):
            raise DataError(
                f'{where}: "{column}" could be the relevance; say so with --column relevance={column}, or '
                f'call it "{RELEVANCE[0]}"'
            )
    return query, doc, relevance


def _is_number(value: object) -> bool:
    try:
        relevance_of(value, "")
    except DataError:
        return False
    return True


def _column(builder: CollectionBuilder, row: Row, role: str, known: _Names, where: str) -> str | None:
    """Returns the column of a role: the one that the user named, if it is there, else the first known."""
    named = {own: column for own, column in builder.options.columns.items() if column in row}
    found = (column_of(row, role, names, where, named) for names in known)
    return next((column for column in found if column is not None), None)


def _needed(builder: CollectionBuilder, row: Row, role: str, known: _Names, where: str) -> str:
    column = _column(builder, row, role, known, where)
    if column is None:
        raise DataError(
            f"{where}: no column for the {role.replace('_', ' ')} among those found: {some(row)}; accepted: "
            f"{', '.join(name for names in known for name in names)}; or name it: --column {role}=COLUMN"
        )
    return column
