"""Adds the rows of a training set of ids to a collection, whose documents are there already."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import numpy as np

from hardneg.core.errors import DataError
from hardneg.core.records import BoolArray, IntArray
from hardneg.sources.builder import CollectionBuilder
from hardneg.sources.columns import SKIP_EMPTY
from hardneg.sources.entries import IdRow, Layout, Texts
from hardneg.sources.id_layouts import query_text, unknown_document
from hardneg.sources.scores import Scores, scores_of
from hardneg.sources.tables import Row, Rows


def add_id_rows(builder: CollectionBuilder, table: Rows, layout: Layout, queries: Texts) -> None:
    """Adds queries, judgments and scores; a negative that has a score is a candidate that nobody judged.

    Args:
        builder: Has the documents.
        table: The rows, their columns called as in the layout.
        layout: One with `by_id`.
        queries: The texts of queries that ids stand for.

    Raises:
        DataError: A row lacks a column, or names what is not there.
    """
    adder = _Adder(builder, layout, queries)
    for where, row in table:
        adder.add(row, where)


class _Adder:
    def __init__(self, builder: CollectionBuilder, layout: Layout, queries: Texts) -> None:
        assert layout.by_id is not None
        self._builder, self._layout, self._by_id = builder, layout, layout.by_id
        self._queries = queries
        self._names: dict[str, str] = {}
        self._made_up = map("q{}".format, count(1))

    def add(self, row: Row, where: str) -> None:
        builder, own = self._builder, self._by_id(row, where)
        positives = [name for name, positive in zip(own.ids, own.positive, strict=True) if positive]
        positives += own.also
        if not positives:
            self._refuse(where)
            return
        scores = {**scores_of(row, own.columns, [not each for each in own.positive], where), **own.scores}
        docs = self._rows(own, where)
        text = query_text(own, self._queries, where) if own.query is None else own.query
        query_id = own.query_id or self._name(text)
        builder.add_query(query_id, text, where=where, again=True)
        for name in positives:
            builder.add_judgment(query_id, name, builder.options.min_relevance, where=where, again=True)
        for place in np.flatnonzero(~(np.array(own.positive, bool) | _scored(scores, len(docs)))).tolist():
            if own.ids[place]:
                builder.add_judgment(query_id, own.ids[place], 0, where=where, again=True)
        builder.add_scores(query_id, docs, scores)

    def _refuse(self, where: str) -> None:
        if self._builder.options.refuses_empty:
            raise DataError(f"{where}: the row has no positive; each row needs one, or {SKIP_EMPTY}")
        self._builder.notes["skipped_empty_positives"] += 1

    def _rows(self, own: IdRow, where: str) -> IntArray:
        """Returns the rows of a row's documents, -1 for those without a text."""
        docs = self._builder.rows_of(own.ids)
        for place in np.flatnonzero(docs < 0).tolist():
            if own.ids[place] and not self._builder.skipped(own.ids[place]):
                raise unknown_document(own.ids[place], own.columns[place], where)
        return docs

    def _name(self, text: str) -> str:
        """Returns the id of a query without one: that of an equal text, else the next that is free."""
        key = text.strip()
        if key not in self._names:
            self._names[key] = next(name for name in self._made_up if not self._builder.has_query(name))
        return self._names[key]


def _scored(scores: Mapping[str, Scores], count: int) -> BoolArray:
    """Returns (n,) bool: which documents have any score."""
    found = np.zeros(count, bool)
    for values in scores.values():
        found |= ~np.isnan(values)
    return found
