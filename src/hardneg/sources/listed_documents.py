"""The documents that a row of pairs or of a training set lists, added to a collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hardneg.core.errors import DataError
from hardneg.sources.builder import CollectionBuilder
from hardneg.sources.columns import SKIP_EMPTY
from hardneg.sources.documents import add_unnamed
from hardneg.sources.layouts import Document


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
