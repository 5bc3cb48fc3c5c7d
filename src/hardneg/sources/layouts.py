"""The layouts of training sets that trainers and hardneg's formats use, row by row.

A layout says what a row holds and gives the row back without some of its negatives, all else as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from hardneg.core.errors import DataError
from hardneg.sources.tables import Row, as_id

Texts = Mapping[str, str]
Places = frozenset[int]
Without = Callable[[Row, Places], Row | None]
"""Returns a row without the negatives at some places; None if none would be left."""


class Text(NamedTuple):
    """A document of a row."""

    text: str
    title: str = ""
    doc_id: str | None = None


class Entry(NamedTuple):
    """What a row of a training set says: one query, its positives and its negatives."""

    query: str
    positives: Sequence[Text]
    negatives: Sequence[Text]
    query_id: str | None = None


class CompanionTexts(NamedTuple):
    """The texts of the files that belong to a training set of ids."""

    queries: Texts = MappingProxyType({})
    documents: Texts = MappingProxyType({})


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes:
        columns: The columns that tell it.
        entry: Returns what a row holds.
        without: Returns the row without some negatives.
        beside: The names and id columns of the files that go with it, queries first: `(name, id)`.
    """

    columns: tuple[str, ...]
    entry: Callable[[Row, str, CompanionTexts], Entry]
    without: Without
    queries: tuple[str, str] | None = None
    documents: tuple[str, str] | None = None


def without_places(values: Sequence[Any], dropped: Places, begin: int = 0) -> list[Any]:
    """Returns a list without the dropped places; the first `begin` values are not counted and stay."""
    return [value for place, value in enumerate(values, -begin) if place not in dropped]


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


def _record(value: Any, id_column: str, where: str) -> Text:
    if not isinstance(value, dict):
        raise DataError(
            f"{where}: {_shown(value)} is not a document; an object with {id_column} and text is needed"
        )
    doc_id = value.get(id_column)
    title = value.get("title")
    return Text(
        _text(value.get("text"), '"text"', where),
        _text(title, '"title"', where) if title is not None else "",
        None if doc_id is None else as_id(doc_id, id_column, where),
    )


def _records(positives: str, negatives: str, id_column: str) -> Layout:
    """Returns the layout of `query_id, query` and two lists of documents with texts in them."""

    def entry(row: Row, where: str, beside: CompanionTexts) -> Entry:
        known, listed = (
            [_record(doc, id_column, where) for doc in _list(row, column, where)]
            for column in (positives, negatives)
        )
        query_id = as_id(row["query_id"], "query_id", where)
        return Entry(_text(row["query"], '"query"', where), known, listed, query_id)

    return Layout(("query_id", "query", positives, negatives), entry, _shorter(negatives))


def _shorter(column: str) -> Without:
    """Returns a function that takes negatives out of a list that holds nothing else."""

    def without(row: Row, dropped: Places) -> Row | None:
        left = without_places(row[column], dropped)
        return {**row, column: left} if left else None

    return without


def _by_ids(ids: Sequence[Any], column: str, texts: Texts, where: str) -> list[Text]:
    names = [as_id(value, column, where) for value in ids]
    for name in names:
        if name not in texts:
            raise DataError(f'{where}: document id "{name}" of "{column}" is not in the file of texts')
    return [Text(texts[name], "", name) for name in names]


def _tevatron_v2(row: Row, where: str, beside: CompanionTexts) -> Entry:
    positives, negatives = (
        _by_ids(_list(row, column, where), column, beside.documents, where)
        for column in ("positive_document_ids", "negative_document_ids")
    )
    query_id = as_id(row["query_id"], "query_id", where)
    return Entry(_text(row["query_text"], '"query_text"', where), positives, negatives, query_id)


def _pylate(row: Row, where: str, beside: CompanionTexts) -> Entry:
    docs = _by_ids(_list(row, "document_ids", where), "document_ids", beside.documents, where)
    query_id = as_id(row["query_id"], "query_id", where)
    if query_id not in beside.queries:
        raise DataError(f'{where}: query id "{query_id}" is not in the file of texts')
    return Entry(beside.queries[query_id], docs[:1], docs[1:], query_id)


def _pylate_without(row: Row, dropped: Places) -> Row | None:
    """Rows must be equally long, so the negatives left are repeated in turn."""
    ids, scores = row["document_ids"], row["scores"]
    left = [place for place in range(1, len(ids)) if place - 1 not in dropped]
    if not left:
        return None
    places = [0, *(left[turn % len(left)] for turn in range(len(ids) - 1))]
    return {**row, "document_ids": [ids[p] for p in places], "scores": [scores[p] for p in places]}


def _labeled_list(row: Row, where: str, beside: CompanionTexts) -> Entry:
    docs, labels = _list(row, "documents", where), _list(row, "labels", where)
    if len(docs) != len(labels):
        raise DataError(f'{where}: "labels" has {len(labels)} values for {len(docs)} documents')
    for label in labels:
        if not isinstance(label, int | float):
            raise DataError(f'{where}: "labels" holds {_shown(label)}; numbers are needed')
    named = [(Text(_text(doc, '"documents"', where)), label) for doc, label in zip(docs, labels, strict=True)]
    positives, negatives = [t for t, label in named if label > 0], [t for t, label in named if label <= 0]
    return Entry(_text(row["anchor"], '"anchor"', where), positives, negatives)


def _labeled_without(row: Row, dropped: Places) -> Row | None:
    negatives = [place for place, label in enumerate(row["labels"]) if label <= 0]
    out = {place for number, place in enumerate(negatives) if number in dropped}
    if len(out) == len(negatives):
        return None
    lists = {column: without_places(row[column], frozenset(out)) for column in ("documents", "labels")}
    return {**row, **lists}


def _messages(row: Row, where: str, beside: CompanionTexts) -> Entry:
    queries = list(_said(_list(row, "messages", where), "user", where))
    if len(queries) != 1:
        raise DataError(f'{where}: "messages" has {len(queries)} messages of a user, 1 expected')
    positives, negatives = (
        [Text("\n".join(_said(one, None, where))) for one in _list(row, column, where)]
        for column in ("positive_messages", "negative_messages")
    )
    return Entry(queries[0], positives, negatives)


def _said(messages: Any, role: str | None, where: str) -> Iterator[str]:
    if not isinstance(messages, list):
        raise DataError(f"{where}: {_shown(messages)} is not a list of messages")
    for message in messages:
        if not isinstance(message, dict):
            raise DataError(f"{where}: {_shown(message)} is not a message")
        if role is None or message.get("role") == role:
            yield _text(message.get("content"), '"content"', where)


LAYOUTS: Mapping[str, Layout] = {
    "jsonl": _records("positives", "negatives", "doc_id"),
    "tevatron": _records("positive_passages", "negative_passages", "docid"),
    "tevatron-v2": Layout(
        ("query_id", "query_text", "positive_document_ids", "negative_document_ids"),
        _tevatron_v2,
        _shorter("negative_document_ids"),
        documents=("corpus", "docid"),
    ),
    "pylate": Layout(
        ("query_id", "document_ids", "scores"),
        _pylate,
        _pylate_without,
        queries=("queries", "query_id"),
        documents=("documents", "document_id"),
    ),
    "sentence-transformers-labeled-list": Layout(
        ("anchor", "documents", "labels"), _labeled_list, _labeled_without
    ),
    "ms-swift": Layout(
        ("messages", "positive_messages", "negative_messages"), _messages, _shorter("negative_messages")
    ),
}
"""By the name of the format. Rows of texts in columns are pairs, which `pairs` reads."""


def layout_of(row: Collection[str]) -> str | None:
    """Returns the name of the layout that a row or its columns are in, None if it is none of these."""
    return next((name for name, own in LAYOUTS.items() if all(c in row for c in own.columns)), None)
