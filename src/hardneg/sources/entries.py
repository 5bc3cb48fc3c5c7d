"""What a row of a training set says: one query and its documents, by their texts or by their ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from hardneg.core.errors import DataError
from hardneg.sources.scores import Scores
from hardneg.sources.tables import Row, Rows, as_id

Texts = Mapping[str, str]

ITSELF, NAMED = "", "*"
"""In place of the name of a table: the training set itself holds the documents, or names their folders."""


class Document(NamedTuple):
    """A document of a row.

    Attributes:
        relevance: None where a column that could hold a document holds null.
        column: The column that it stands in.
        place: Its place in the column's list; None if the column holds one text.
        scores: What the row scores it, by name; NaN for no score.
        labelled: Whether a label says how relevant it is, not the column alone.
    """

    text: str
    title: str = ""
    doc_id: str | None = None
    relevance: int | None = 1
    column: str = ""
    place: int | None = None
    scores: Mapping[str, float] = MappingProxyType({})
    labelled: bool = False


class Entry(NamedTuple):
    """What a row of a training set says: one query and its documents.

    Attributes:
        documents: In the order of the columns, those for positives first.
        min_relevance: The least relevance of a positive.
        single: Whether the row is one document with its label, positive or negative.
        prompt: The instruction for the query, empty without one.
    """

    query: str
    documents: Sequence[Document]
    query_id: str | None = None
    min_relevance: int = 1
    single: bool = False
    prompt: str = ""

    @property
    def positives(self) -> list[Document]:
        """The documents that are relevant."""
        return [each for each in self.documents if each.relevance is not None and not self.is_negative(each)]

    @property
    def negatives(self) -> list[Document]:
        """The documents that are listed as not relevant."""
        return [each for each in self.documents if self.is_negative(each)]

    def is_negative(self, document: Document) -> bool:
        """Returns whether a document of the row is listed as not relevant."""
        return document.relevance is not None and document.relevance < self.min_relevance


class IdRow(NamedTuple):
    """What a row says that names its documents by their ids.

    Attributes:
        query: The query's text; None where its id stands for it.
        ids: Of all documents, in the order of their columns; empty where there is none.
        columns: The column of each.
        positive: Whether each is a positive.
        also: Ids of further positives.
        scores: What records of the documents score them, by name.
    """

    query: str | None
    query_id: str | None
    ids: Sequence[str]
    columns: Sequence[str]
    positive: Sequence[bool]
    also: Sequence[str] = ()
    scores: Mapping[str, Scores] = MappingProxyType({})


class CompanionTexts(NamedTuple):
    """The texts of the tables that belong to a training set of ids."""

    queries: Texts = MappingProxyType({})
    documents: Texts = MappingProxyType({})


class Companions(NamedTuple):
    """The tables that belong to a training set of ids: texts of its queries, rows of its documents."""

    queries: Texts = MappingProxyType({})
    documents: Rows = iter(())


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes:
        columns: The columns that tell it, which every row needs.
        entry: Returns what a row holds.
        optional: Columns that a row may lack.
        fixed: Whether all rows need as many negatives.
        queries: What the table of queries that goes with it is called.
        documents: What the table of documents that goes with it is called, `ITSELF` or `NAMED`.
        by_id: Returns what a row holds, where it names documents by their ids.
    """

    columns: tuple[str, ...]
    entry: Callable[[Row, str, CompanionTexts], Entry]
    optional: tuple[str, ...] = ()
    fixed: bool = False
    queries: str | None = None
    documents: str | None = None
    by_id: Callable[[Row, str], IdRow] | None = None


def query_id_of(row: Row, where: str, column: str = "query_id") -> str | None:
    """Returns the query's id, None without one."""
    return None if row.get(column) is None else as_id(row[column], column, where)


def text_in(value: Any, what: str, where: str) -> str:
    """Returns a value that is a text."""
    if not isinstance(value, str):
        raise DataError(f"{where}: {what} is not a text")
    return value


def list_in(row: Row, column: str, where: str) -> list[Any]:
    """Returns the list in a column."""
    value = row.get(column)
    if not isinstance(value, list):
        raise DataError(f'{where}: "{column}" is not a list')
    return value


def shown(value: Any) -> str:
    """Returns a value for an error, as much of it as can be read."""
    return repr(value)[:200]


def places_in(columns: Sequence[str]) -> list[int]:
    """Returns the place of each document in the list of its column."""
    first: dict[str, int] = {}
    return [place - first.setdefault(column, place) for place, column in enumerate(columns)]
