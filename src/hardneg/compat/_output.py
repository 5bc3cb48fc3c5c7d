"""The four formats, as sentence-transformers writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hardneg.compat._mine import Mined
from hardneg.compat._pairs import Pairs
from hardneg.compat._settings import Format, InvalidArgument, Settings
from hardneg.core.records import BoolArray, FloatArray, IntArray

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Rows:
    """What to write: the negatives of each pair's query beside the pair.

    Attributes:
        pairs: The pairs.
        mined: The negatives of each query.
        whole: Whether a pair counts only with all of its negatives.
    """

    pairs: Pairs
    mined: Mined
    whole: bool

    @cached_property
    def docs(self) -> IntArray:
        """(n_pairs, num_negatives) int32: the negatives."""
        return self.mined.docs[self.pairs.query]

    @cached_property
    def scores(self) -> FloatArray:
        """(n_pairs, num_negatives) float32: their scores."""
        return self.mined.scores[self.pairs.query]

    @cached_property
    def kept(self) -> BoolArray:
        """(n_pairs, num_negatives) bool: the negatives that are written."""
        there = self.scores > -np.inf
        return there & there.all(axis=1, keepdims=True) if self.whole else there

    def queries(self, rows: IntArray) -> list[str]:
        """Returns the texts of some queries."""
        return [self.pairs.queries[row] for row in rows.tolist()]

    def documents(self, rows: IntArray) -> list[str]:
        """Returns the texts of some documents."""
        return [self.pairs.corpus[row] for row in rows.tolist()]


def rows_to_write(pairs: Pairs, mined: Mined, settings: Settings) -> Rows:
    """Returns the rows that the asked format has."""
    return Rows(pairs, mined, whole=settings.output_format == "n-tuple")


def check_names(pairs: Pairs, settings: Settings) -> None:
    """Checks that the dataset's own columns do not bear names that the format gives to others.

    Raises:
        InvalidArgument: One of them does.
    """
    scored = settings.output_scores
    negatives = [f"negative_{i}" for i in range(1, settings.num_negatives + 1)]
    added: dict[Format, list[str]] = {
        "triplet": ["negative", *["scores"] * scored],
        "n-tuple": [*negatives, *["scores"] * scored],
        "labeled-pair": ["score" if scored else "label"],
        "labeled-list": ["scores" if scored else "labels"],
    }
    for name in (pairs.anchor_column, pairs.positive_column):
        if name in added[settings.output_format]:
            raise InvalidArgument(
                f'column "{name}" has the name of one that {settings.output_format} adds; rename it first'
            )


def columns(rows: Rows, settings: Settings) -> Columns:
    """Returns the columns of the asked format, in order."""
    return _WRITERS[settings.output_format](rows, settings.output_scores)


def _triplets(rows: Rows, scored: bool) -> Columns:
    pair, column = np.nonzero(rows.kept)
    written: Columns = {
        rows.pairs.anchor_column: rows.queries(rows.pairs.query[pair]),
        rows.pairs.positive_column: rows.documents(rows.pairs.positive[pair]),
        "negative": rows.documents(rows.docs[pair, column]),
    }
    if scored:
        written["scores"] = np.stack([rows.mined.positive[pair], rows.scores[pair, column]], axis=1).tolist()
    return written


def _tuples(rows: Rows, scored: bool) -> Columns:
    pair = np.flatnonzero(rows.kept[:, 0])
    written: Columns = {
        rows.pairs.anchor_column: rows.queries(rows.pairs.query[pair]),
        rows.pairs.positive_column: rows.documents(rows.pairs.positive[pair]),
    }
    for column in range(rows.docs.shape[1]):
        written[f"negative_{column + 1}"] = rows.documents(rows.docs[pair, column])
    if scored:
        written["scores"] = np.column_stack([rows.mined.positive, rows.scores])[pair].tolist()
    return written


def _labeled_pairs(rows: Rows, scored: bool) -> Columns:
    """Each query's positives, all of them, then its negatives."""
    query, column = np.nonzero(rows.mined.scores > -np.inf)
    queries = np.concatenate([rows.pairs.query, query])
    docs = np.concatenate([rows.pairs.positive, rows.mined.docs[query, column]])
    labels = np.concatenate([np.ones(len(rows.pairs.query), np.int64), np.zeros(len(query), np.int64)])
    order = np.lexsort((-labels, queries))
    written: Columns = {
        rows.pairs.anchor_column: rows.queries(queries[order]),
        rows.pairs.positive_column: rows.documents(docs[order]),
    }
    if scored:
        scores = np.concatenate([rows.mined.positive, rows.mined.scores[query, column]])
        written["score"] = scores[order].tolist()
    else:
        written["label"] = labels[order].tolist()
    return written


def _labeled_lists(rows: Rows, scored: bool) -> Columns:
    """One row a pair with any negative; negatives stand first in their rows, so that counts cut them."""
    counts = rows.kept.sum(axis=1)
    pair = np.flatnonzero(counts)
    cuts = counts[pair].tolist()
    docs = np.column_stack([rows.pairs.positive, rows.docs])[pair].tolist()
    texts = rows.pairs.corpus
    written: Columns = {
        rows.pairs.anchor_column: rows.queries(rows.pairs.query[pair]),
        rows.pairs.positive_column: [
            [texts[doc] for doc in row[: cut + 1]] for row, cut in zip(docs, cuts, strict=True)
        ],
    }
    if scored:
        scores = np.column_stack([rows.mined.positive, rows.scores])[pair].tolist()
        written["scores"] = [row[: cut + 1] for row, cut in zip(scores, cuts, strict=True)]
    else:
        written["labels"] = [[1] + [0] * cut for cut in cuts]
    return written


_WRITERS: dict[Format, Callable[[Rows, bool], Columns]] = {
    "triplet": _triplets,
    "n-tuple": _tuples,
    "labeled-pair": _labeled_pairs,
    "labeled-list": _labeled_lists,
}
