"""The layouts of training sets that name documents by their ids; the texts are in tables beside them.

- `pylate`: PyLate's rows (`pylate.utils.KDProcessing`, 1.6.0) and those of LightOn's data sets: a positive,
  and thousands of candidates behind it; with `positive_ids`, these are the positives;
- `tevatron-v2`: `tevatron.retriever.dataset.TrainDataset`;
- `nemo`: NeMo AutoModel's questions (`retrieval_dataset.load_datasets`, 0.7.0), as its miner scores them;
- `hard-negatives`: the tables that the PyPI package of this name (0.1.10) writes when it searches; their
  rows are the documents as well, and a negative that is not there has the hash -1.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np

from hardneg.core.errors import DataError
from hardneg.sources.entries import (
    ITSELF,
    NAMED,
    CompanionTexts,
    Document,
    Entry,
    IdRow,
    Layout,
    list_in,
    places_in,
    query_id_of,
    shown,
    text_in,
)
from hardneg.sources.scores import own_scores
from hardneg.sources.tables import Row, as_id

ByIds = Callable[[Row, str], IdRow]


def _pylate(row: Row, where: str) -> IdRow:
    column = "document_ids"
    ids = [as_id(value, column, where) for value in list_in(row, column, where)]
    positives, also = {0}, list[str]()
    if row.get("positive_ids") is not None:
        named = [as_id(value, "positive_ids", where) for value in list_in(row, "positive_ids", where)]
        positives = {place for place, doc_id in enumerate(ids) if doc_id in set(named)}
        also = [doc_id for doc_id in named if doc_id not in set(ids)]
    positive = [False] * len(ids)
    for place in positives & set(range(len(ids))):
        positive[place] = True
    return IdRow(None, as_id(row["query_id"], "query_id", where), ids, [column] * len(ids), positive, also)


def _two_lists(
    row: Row, where: str, query: str | None, query_id: str | None, positives: str, negatives: str
) -> IdRow:
    """Returns a row with a list of positives and one of negatives, each an id or an object with its id."""
    given = [(positives, value) for value in list_in(row, positives, where)]
    if row.get(negatives) is not None:
        given += [(negatives, value) for value in list_in(row, negatives, where)]
    columns = [column for column, _ in given]
    ids = [_id(value, column, where) for column, value in given]
    own = [own_scores(value, where) if isinstance(value, dict) else {} for _, value in given]
    scores = {name: np.array([each.get(name, np.nan) for each in own]) for name in dict.fromkeys(chain(*own))}
    positive = [column == positives for column in columns]
    return IdRow(query, query_id, ids, columns, positive, scores=scores)


def _id(value: Any, column: str, where: str) -> str:
    if isinstance(value, dict):
        if "id" not in value:
            raise DataError(f'{where}: {shown(value)} in "{column}" has no "id"')
        value = value["id"]
    return as_id(value, column, where)


def _tevatron_v2(row: Row, where: str) -> IdRow:
    query = text_in(row["query_text"], '"query_text"', where)
    lists = "positive_document_ids", "negative_document_ids"
    return _two_lists(row, where, query, query_id_of(row, where), *lists)


def _nemo(row: Row, where: str) -> IdRow:
    query = text_in(row["question"], '"question"', where)
    return _two_lists(row, where, query, query_id_of(row, where, "question_id"), "pos_doc", "neg_doc")


def _hard_negatives(row: Row, where: str) -> IdRow:
    hashes = [as_id(value, "negative_hashes", where) for value in list_in(row, "negative_hashes", where)]
    ids = [as_id(row["doc_hash"], "doc_hash", where), *("" if each == "-1" else each for each in hashes)]
    columns = ["doc_hash", *["negative_hashes"] * len(hashes)]
    query = text_in(row.get("query"), '"query"', where)
    return IdRow(query, query_id_of(row, where, "query_hash"), ids, columns, [True, *[False] * len(hashes)])


def _with_texts(by_id: ByIds) -> Callable[[Row, str, CompanionTexts], Entry]:
    """Returns a function that returns what a row holds with the texts that its ids stand for."""

    def entry(row: Row, where: str, beside: CompanionTexts) -> Entry:
        found = by_id(row, where)
        query = found.query
        if query is None:
            query = query_text(found, beside.queries, where)
        parts = zip(found.ids, found.columns, found.positive, places_in(found.columns), strict=True)
        documents = [
            Document(
                _text(name, column, beside, where) if name else "",
                doc_id=name or None,
                relevance=int(positive) if name else None,
                column=column,
                place=place if isinstance(row[column], list) else None,
            )
            for name, column, positive, place in parts
        ]
        return Entry(query, documents, found.query_id)

    return entry


def query_text(row: IdRow, texts: Any, where: str) -> str:
    """Returns the text of a row's query, which its id stands for."""
    if row.query_id not in texts:
        raise DataError(f'{where}: query id "{row.query_id}" is not in the file of texts')
    return str(texts[row.query_id])


def unknown_document(name: str, column: str, where: str) -> DataError:
    """Returns the error for an id without a text."""
    return DataError(f'{where}: document id "{name}" of "{column}" is not in the file of texts')


def _text(name: str, column: str, beside: CompanionTexts, where: str) -> str:
    if name not in beside.documents:
        raise unknown_document(name, column, where)
    return beside.documents[name]


def _layout(columns: tuple[str, ...], by_id: ByIds, **settings: Any) -> Layout:
    return Layout(columns, _with_texts(by_id), by_id=by_id, **settings)


ID_LAYOUTS = {
    "tevatron-v2": _layout(
        ("query_text", "positive_document_ids"),
        _tevatron_v2,
        optional=("query_id", "negative_document_ids"),
        documents="corpus",
    ),
    "pylate": _layout(
        ("query_id", "document_ids", "scores"),
        _pylate,
        optional=("positive_ids",),
        fixed=True,
        queries="queries",
        documents="documents",
    ),
    "nemo": _layout(
        ("question", "pos_doc"), _nemo, optional=("question_id", "neg_doc", "corpus_id"), documents=NAMED
    ),
    "hard-negatives": _layout(
        ("query_hash", "doc_hash", "negative_hashes", "negative_scores"),
        _hard_negatives,
        optional=("query", "positive_score"),
        documents=ITSELF,
    ),
}
"""By the name of the format; `hard-negatives` is only read."""
