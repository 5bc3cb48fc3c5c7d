"""The pairs of a dataset as distinct queries, a corpus of distinct texts, and rows into both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hardneg.compat._settings import InvalidArgument
from hardneg.core.errors import DataError, unknown_name
from hardneg.core.records import IntArray


@dataclass(frozen=True)
class Pairs:
    """Distinct (query, positive) pairs: by query in order of first appearance, then as they came.

    Attributes:
        anchor_column: The dataset's column of queries.
        positive_column: Its column of positives.
        queries: The distinct queries.
        corpus: The distinct documents: the given corpus, then the positives.
        query: (n_pairs,) int32, query rows, ascending.
        positive: (n_pairs,) int32, corpus rows.
        own: (n_queries,) int32, the corpus row of the query's own text; -1 where there is none, or where it
            is one of the query's positives.
        most_positives: The most pairs that any query has in the dataset, repetitions counted.
    """

    anchor_column: str
    positive_column: str
    queries: list[str]
    corpus: list[str]
    query: IntArray
    positive: IntArray
    own: IntArray
    most_positives: int

    @cached_property
    def begins(self) -> IntArray:
        """(n_queries + 1,) int32: where each query's pairs begin; the last entry is the number of pairs."""
        return np.searchsorted(self.query, np.arange(len(self.queries) + 1)).astype(np.int32)

    def of(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Returns the pairs of some query rows: the place of each pair's query among `rows`, its positive."""
        counts = (self.begins[1:] - self.begins[:-1])[rows]
        places = np.repeat(np.arange(len(rows), dtype=np.int32), counts)
        within = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        return places, self.positive[self.begins[rows][places] + within]


def read_pairs(dataset: Any, anchor: str | None, positive: str | None, corpus: Sequence[str] | None) -> Pairs:
    """Returns the pairs of a dataset.

    Args:
        dataset: A `datasets.Dataset`.
        anchor: The column of queries; None for the first.
        positive: The column of positives; None for the second.
        corpus: Further documents; they come before the positives.

    Raises:
        InvalidArgument: The dataset is empty or none, or a column is not there.
        DataError: A text is not a string.
    """
    anchor, positive = _columns(dataset, anchor, positive)
    anchors = _texts(dataset[anchor], f'column "{anchor}"')
    positives = _texts(dataset[positive], f'column "{positive}"')
    if isinstance(corpus, str):
        raise InvalidArgument("corpus must be a list of texts, found one text")
    documents = list(dict.fromkeys([*_texts(corpus or (), "corpus"), *positives]))
    queries = list(dict.fromkeys(anchors))
    row_of_document = {text: row for row, text in enumerate(documents)}
    row_of_query = {text: row for row, text in enumerate(queries)}
    pairs = [(row_of_query[a], row_of_document[p]) for a, p in zip(anchors, positives, strict=True)]
    distinct = np.array(sorted(dict.fromkeys(pairs), key=lambda pair: pair[0]), np.int32)
    own = np.array([row_of_document.get(text, -1) for text in queries], np.int32)
    own[distinct[own[distinct[:, 0]] == distinct[:, 1], 0]] = -1
    most = max(Counter(anchors).values())
    return Pairs(anchor, positive, queries, documents, distinct[:, 0], distinct[:, 1], own, most)


def _columns(dataset: Any, anchor: str | None, positive: str | None) -> tuple[str, str]:
    columns = getattr(dataset, "column_names", None)
    if not isinstance(columns, list) or not hasattr(dataset, "__len__"):
        kind = type(dataset).__name__
        raise InvalidArgument(f"dataset must be a datasets.Dataset, found {kind}; choose one split of it")
    if len(dataset) == 0:
        raise InvalidArgument("the dataset is empty; it needs at least one (anchor, positive) pair")
    for name in (anchor, positive):
        if name and name not in columns:
            raise InvalidArgument(str(unknown_name("column", name, columns)))
    if not positive and len(columns) < 2:
        raise InvalidArgument(f"the dataset must have two columns or more, found {', '.join(columns)}")
    anchor, positive = anchor or columns[0], positive or columns[1]
    if anchor == positive:
        raise InvalidArgument(f'"{anchor}" is both anchor and positive column; name the two of them')
    return anchor, positive


def _texts(values: Iterable[Any], place: str) -> list[str]:
    texts = list(values)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"{place}, row {row}: a text is expected, found {str(text)[:80]!r}")
    return texts
