"""The layouts of training sets that trainers and hardneg's formats use: what a row holds, and where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.sources.tables import Row, as_id

Texts = Mapping[str, str]


class Document(NamedTuple):
    """A document of a row.

    Attributes:
        relevance: None where a column that could hold a document holds null.
        column: The column that it stands in.
        place: Its place in the column's list; None if the column holds one text.
    """

    text: str
    title: str = ""
    doc_id: str | None = None
    relevance: int | None = 1
    column: str = ""
    place: int | None = None


class Entry(NamedTuple):
    """What a row of a training set says: one query and its documents.

    Attributes:
        documents: In the order of the columns, those for positives first.
        min_relevance: The least relevance of a positive.
        single: Whether the row is one document with its label, positive or negative.
    """

    query: str
    documents: Sequence[Document]
    query_id: str | None = None
    min_relevance: int = 1
    single: bool = False

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


class CompanionTexts(NamedTuple):
    """The texts of the files that belong to a training set of ids."""

    queries: Texts = MappingProxyType({})
    documents: Texts = MappingProxyType({})


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes:
        columns: The columns that tell it, which every row needs.
        entry: Returns what a row holds.
        optional: Columns that a row may lack.
        fixed: Whether all rows need as many negatives.
        queries: What the file of queries that goes with it is called.
        documents: What the file of documents that goes with it is called.
    """

    columns: tuple[str, ...]
    entry: Callable[[Row, str, CompanionTexts], Entry]
    optional: tuple[str, ...] = ()
    fixed: bool = False
    queries: str | None = None
    documents: str | None = None


def _in_lists(
    row: Row, positives: str, negatives: Sequence[str], document: Callable[[Any, str], Document], where: str
) -> list[Document]:
    """Returns the documents in a list of positives and in those of negatives, each made of a value there."""
    lists = [(positives, 1), *((name, 0) for name in negatives if row.get(name) is not None)]
    return [
        document(value, column)._replace(relevance=relevance, column=column, place=place)
        for column, relevance in lists
        for place, value in enumerate(_list(row, column, where))
    ]


def _query_id(row: Row, where: str) -> str | None:
    return None if row.get("query_id") is None else as_id(row["query_id"], "query_id", where)


def _list(row: Row, column: str, where: str) -> list[Any]:
    value = row.get(column)
    if not isinstance(value, list):
        raise DataError(f'{where}: "{column}" is not a list')
    return value


def _text(value: Any, what: str, where: str) -> str:
    if not isinstance(value, str):
        raise DataError(f"{where}: {what} is not a text")
    return value


def _shown(value: Any) -> str:
    return repr(value)[:200]


def _record(value: Any, id_column: str, where: str) -> Document:
    if not isinstance(value, dict):
        raise DataError(
            f"{where}: {_shown(value)} is not a document; an object with {id_column} and text is needed"
        )
    doc_id = value.get(id_column)
    title = value.get("title")
    return Document(
        _text(value.get("text"), '"text"', where),
        _text(title, '"title"', where) if title is not None else "",
        None if doc_id is None else as_id(doc_id, id_column, where),
    )


def _records(positives: str, *negatives: str, id_column: str, query: str = "query") -> Layout:
    """Returns the layout of `query_id, query` and lists of documents with texts in them."""

    def entry(row: Row, where: str, beside: CompanionTexts) -> Entry:
        documents = _in_lists(row, positives, negatives, lambda doc, _: _record(doc, id_column, where), where)
        return Entry(_text(row[query], f'"{query}"', where), documents, _query_id(row, where))

    return Layout((query, positives), entry, ("query_id", *negatives))


def _by_id(value: Any, column: str, texts: Texts, where: str) -> Document:
    name = as_id(value, column, where)
    if name not in texts:
        raise DataError(f'{where}: document id "{name}" of "{column}" is not in the file of texts')
    return Document(texts[name], "", name)


def _tevatron_v2(row: Row, where: str, beside: CompanionTexts) -> Entry:
    documents = _in_lists(
        row,
        "positive_document_ids",
        ["negative_document_ids"],
        lambda value, column: _by_id(value, column, beside.documents, where),
        where,
    )
    return Entry(_text(row["query_text"], '"query_text"', where), documents, _query_id(row, where))


def _pylate(row: Row, where: str, beside: CompanionTexts) -> Entry:
    column = "document_ids"
    documents = [
        _by_id(value, column, beside.documents, where)._replace(
            relevance=int(place == 0), column=column, place=place
        )
        for place, value in enumerate(_list(row, column, where))
    ]
    _check_length(row, "scores", len(documents), where)
    query_id = as_id(row["query_id"], "query_id", where)
    if query_id not in beside.queries:
        raise DataError(f'{where}: query id "{query_id}" is not in the file of texts')
    return Entry(beside.queries[query_id], documents, query_id)


def _check_length(row: Row, column: str, documents: int, where: str) -> list[Any]:
    """Returns the list in a column, which has a value a document."""
    values = _list(row, column, where)
    if len(values) != documents:
        raise DataError(
            f'{where}: "{column}" has {counted(len(values), "value")} for {counted(documents, "document")}'
        )
    return values


def _labeled_list(row: Row, where: str, beside: CompanionTexts) -> Entry:
    docs = _list(row, "documents", where)
    labels = _check_length(row, "labels", len(docs), where)
    for label in labels:
        if not isinstance(label, int | float):
            raise DataError(f'{where}: "labels" holds {_shown(label)}; numbers are needed')
    documents = [
        Document(_text(doc, '"documents"', where), relevance=int(label > 0), column="documents", place=place)
        for place, (doc, label) in enumerate(zip(docs, labels, strict=True))
    ]
    return Entry(_text(row["anchor"], '"anchor"', where), documents)


def _messages(row: Row, where: str, beside: CompanionTexts) -> Entry:
    queries = list(_said(_list(row, "messages", where), "user", where))
    if len(queries) != 1:
        raise DataError(f'{where}: "messages" has {counted(len(queries), "message")} of a user, 1 expected')
    documents = _in_lists(
        row,
        "positive_messages",
        ["negative_messages"],
        lambda messages, _: Document("\n".join(_said(messages, None, where))),
        where,
    )
    return Entry(queries[0], documents)


def _said(messages: Any, role: str | None, where: str) -> Iterator[str]:
    if not isinstance(messages, list):
        raise DataError(f"{where}: {_shown(messages)} is not a list of messages")
    for message in messages:
        if not isinstance(message, dict):
            raise DataError(f"{where}: {_shown(message)} is not a message")
        if role is None or message.get("role") == role:
            yield _text(message.get("content"), '"content"', where)


LAYOUTS: Mapping[str, Layout] = {
    "jsonl": _records("positives", "negatives", id_column="doc_id"),
    "tevatron": _records("positive_passages", "negative_passages", id_column="docid"),
    "tevatron-v2": Layout(
        ("query_text", "positive_document_ids"),
        _tevatron_v2,
        optional=("query_id", "negative_document_ids"),
        documents="corpus",
    ),
    "pylate": Layout(
        ("query_id", "document_ids", "scores"),
        _pylate,
        fixed=True,
        queries="queries",
        documents="documents",
    ),
    "sentence-transformers-labeled-list": Layout(("anchor", "documents", "labels"), _labeled_list),
    "dpr": _records(
        "positive_ctxs", "hard_negative_ctxs", "negative_ctxs", id_column="passage_id", query="question"
    ),
    "ms-swift": Layout(("messages", "positive_messages"), _messages, ("negative_messages",)),
}
"""By the name of the format, `dpr` being only read. Rows of texts in columns are pairs, read by `pairs`."""


def layout_of(row: Collection[str]) -> str | None:
    """Returns the name of the layout that a row or its columns are in, None if it is none of these."""
    return next((name for name, own in LAYOUTS.items() if all(c in row for c in own.columns)), None)
