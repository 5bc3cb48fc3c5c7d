"""The documents that a row of pairs or of a training set lists, added to a collection."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from hardneg.core.errors import DataError
from hardneg.sources.builder import CollectionBuilder
from hardneg.sources.columns import SKIP_EMPTY
from hardneg.sources.documents import add_unnamed
from hardneg.sources.entries import Document
from hardneg.sources.scores import scores_of
from hardneg.sources.tables import Row


def listed(
    builder: CollectionBuilder, documents: Iterable[Document], positives: str, where: str
) -> list[Document]:
    """Returns the documents of a row without those that are null, or empty and without an id; counts these.

    Args:
        builder: Counts them; under `load.strict` they are errors, but for empty negatives.
        documents: All documents of the row.
        positives: The column of the positives.
        where: The place of the row.

    Raises:
        DataError: A positive is missing or empty, and that is an error.
    """
    given = list(documents)
    empty = [each for each in given if each.doc_id is None and not (each.text.strip() or each.title.strip())]
    missing = [each for each in empty if each.column == positives]
    if missing or all(each.column != positives for each in given):
        if builder.options.refuses_empty:
            raise DataError(
                f'{where}: "{positives}" is missing or empty; each row needs a positive, or {SKIP_EMPTY}'
            )
        builder.notes["skipped_empty_positives"] += max(1, len(missing))
    negatives = [each for each in empty if each.column != positives and each.relevance is not None]
    builder.notes.update(["skipped_empty_negatives"] * len(negatives))
    return [each for each in given if each not in empty] if empty else given


def add_listed(builder: CollectionBuilder, document: Document, names: Iterator[str], where: str) -> str:
    """Adds a document of a row and returns its id, the next of the names if it has none and is new."""
    if document.doc_id is None:
        return add_unnamed(builder, document.text, names, document.title, where=where, again=True)
    builder.add_document(document.doc_id, document.text, document.title, where=where, again=True)
    return document.doc_id


def with_scores(
    documents: Sequence[Document], row: Row, where: str, skip: Collection[str | None] = ()
) -> Sequence[Document]:
    """Returns the documents of a row with what its columns score them; those skipped say something else."""
    owners = [each.column for each in documents]
    negative = [None if each.relevance is None else each.relevance == 0 for each in documents]
    found = scores_of(row, owners, negative, where, skip)
    if not found:
        return documents
    return [
        each._replace(scores={**each.scores, **{name: float(own[place]) for name, own in found.items()}})
        for place, each in enumerate(documents)
    ]


def add_judged(
    builder: CollectionBuilder,
    query_id: str,
    document: Document,
    relevance: int,
    names: Iterator[str],
    where: str,
    judged: bool = True,
) -> None:
    """Adds a document of a row with its judgment and scores.

    One that is listed as a negative, without a label, and that has a score, is a candidate nobody judged.
    """
    doc_id = add_listed(builder, document, names, where)
    if not judged:
        return
    if relevance >= builder.options.min_relevance or document.labelled or not has_score(document):
        builder.add_judgment(query_id, doc_id, relevance, where=where, again=True)
    add_scores(builder, query_id, doc_id, document)


def add_scores(builder: CollectionBuilder, query_id: str, doc_id: str, document: Document) -> None:
    """Adds what a row scores one of its documents."""
    if document.scores:
        scores = {name: [score] for name, score in document.scores.items()}
        builder.add_scores(query_id, builder.rows_of([doc_id]), scores)


def has_score(document: Document) -> bool:
    """Returns whether a document has any score."""
    return any(score == score for score in document.scores.values())
