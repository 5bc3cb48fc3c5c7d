"""The layouts of training sets that trainers and hardneg's formats use: what a row holds, and where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.sources.columns import PROMPT, column_of
from hardneg.sources.entries import (
    CompanionTexts,
    Document,
    Entry,
    Layout,
    list_in,
    query_id_of,
    shown,
    text_in,
)
from hardneg.sources.id_layouts import ID_LAYOUTS
from hardneg.sources.scores import own_scores
from hardneg.sources.tables import Row, as_id, prompt_in, relevance_of

__all__ = ["LAYOUTS", "CompanionTexts", "Document", "Entry", "Layout", "layout_of"]


def _in_lists(
    row: Row, positives: str, negatives: Sequence[str], document: Callable[[Any, str], Document], where: str
) -> list[Document]:
    """Returns the documents in a list of positives and in those of negatives, each made of a value there."""
    lists = [(positives, 1), *((name, 0) for name in negatives if row.get(name) is not None)]
    return [
        document(value, column)._replace(relevance=relevance, column=column, place=place)
        for column, relevance in lists
        for place, value in enumerate(list_in(row, column, where))
    ]


def _record(value: Any, id_column: str, where: str) -> Document:
    if not isinstance(value, dict):
        raise DataError(
            f"{where}: {shown(value)} is not a document; an object with {id_column} and text is needed"
        )
    doc_id = value.get(id_column)
    title = value.get("title")
    return Document(
        text_in(value.get("text"), '"text"', where),
        text_in(title, '"title"', where) if title is not None else "",
        None if doc_id is None else as_id(doc_id, id_column, where),
        scores=own_scores(value, where),
    )


def _records(positives: str, *negatives: str, id_column: str, query: str = "query") -> Layout:
    """Returns the layout of `query_id, query` and lists of documents with texts in them."""

    def entry(row: Row, where: str, beside: CompanionTexts) -> Entry:
        documents = _in_lists(row, positives, negatives, lambda doc, _: _record(doc, id_column, where), where)
        prompt = prompt_in(row, column_of(row, "prompt", PROMPT, where, {}), where)
        text = text_in(row[query], f'"{query}"', where)
        return Entry(text, documents, query_id_of(row, where), prompt=prompt)

    return Layout((query, positives), entry, ("query_id", *PROMPT, *negatives))


def _checked_list(row: Row, column: str, documents: int, where: str) -> list[Any]:
    """Returns the list in a column, which has a value a document."""
    values = list_in(row, column, where)
    if len(values) != documents:
        raise DataError(
            f'{where}: "{column}" has {counted(len(values), "value")} for {counted(documents, "document")}'
        )
    return values


def _labeled_list(row: Row, where: str, beside: CompanionTexts) -> Entry:
    docs = list_in(row, "documents", where)
    labels = _checked_list(row, "labels", len(docs), where)
    for label in labels:
        if not isinstance(label, int | float):
            raise DataError(f'{where}: "labels" holds {shown(label)}; numbers are needed')
    return _list_entry(row, [int(label > 0) for label in labels], where, labelled=True)


def _scored_list(row: Row, where: str, beside: CompanionTexts) -> Entry:
    """Returns a list whose first document is the positive, as `mine_hard_negatives` writes it with scores."""
    return _list_entry(row, [1, *[0] * (len(list_in(row, "documents", where)) - 1)], where)


def _list_entry(row: Row, relevance: Sequence[int], where: str, *, labelled: bool = False) -> Entry:
    documents = [
        Document(
            text_in(doc, '"documents"', where),
            relevance=own,
            column="documents",
            place=place,
            labelled=labelled,
        )
        for place, (doc, own) in enumerate(zip(row["documents"], relevance, strict=False))
    ]
    return Entry(text_in(row["anchor"], '"anchor"', where), documents)


def _messages(row: Row, where: str, beside: CompanionTexts) -> Entry:
    queries = list(_said(list_in(row, "messages", where), "user", where))
    if len(queries) != 1:
        raise DataError(f'{where}: "messages" has {counted(len(queries), "message")} of a user, 1 expected')
    documents = _in_lists(
        row,
        "positive_messages",
        ["negative_messages"],
        lambda messages, _: Document("\n".join(_said(messages, None, where))),
        where,
    )
    if row.get("label") is not None and len(documents) == 1:
        relevance = relevance_of(row["label"], where, "label")
        documents = [documents[0]._replace(relevance=relevance, labelled=True)]
    return Entry(queries[0], documents, prompt="\n".join(_said(row["messages"], "system", where)))


def _said(messages: Any, role: str | None, where: str) -> Iterator[str]:
    if not isinstance(messages, list):
        raise DataError(f"{where}: {shown(messages)} is not a list of messages")
    for message in messages:
        if not isinstance(message, dict):
            raise DataError(f"{where}: {shown(message)} is not a message")
        if role is None or message.get("role") == role:
            yield text_in(message.get("content"), '"content"', where)


LAYOUTS: Mapping[str, Layout] = {
    "jsonl": _records("positives", "negatives", id_column="doc_id"),
    "tevatron": _records("positive_passages", "negative_passages", id_column="docid"),
    **ID_LAYOUTS,
    "sentence-transformers-labeled-list": Layout(("anchor", "documents", "labels"), _labeled_list),
    "sentence-transformers-scored-list": Layout(("anchor", "documents", "scores"), _scored_list),
    "dpr": _records(
        "positive_ctxs", "hard_negative_ctxs", "negative_ctxs", id_column="passage_id", query="question"
    ),
    "ms-swift": Layout(("messages", "positive_messages"), _messages, ("negative_messages", "label")),
}
"""By the name of the format, `dpr` being only read. Rows of texts in columns are pairs, read by `pairs`."""


def layout_of(row: Collection[str]) -> str | None:
    """Returns the name of the layout that a row or its columns are in, None if it is none of these."""
    return next((name for name, own in LAYOUTS.items() if all(c in row for c in own.columns)), None)
