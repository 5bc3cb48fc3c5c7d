"""How much the documents of pairs resemble the positives of their queries, each one's own label hidden."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hardneg.calibration.logistic import Vector
from hardneg.core.components import OpenedRanker
from hardneg.core.records import Collection, IntArray

_NEAREST = 3
_MOST = 32
"""Positives of a query that a document is compared with, at most."""


class LikenessScale(NamedTuple):
    """Mean and standard deviation of the likeness of random pairs."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, likeness: Vector) -> LikenessScale:
        """Returns the scale of random pairs, NaN left out."""
        return cls(float(np.nanmean(likeness)), float(np.nanstd(likeness)) or 1e-6)

    def feature(self, likeness: Vector) -> Vector:
        """Returns (n,) float64, in deviations; 0 where the likeness is NaN."""
        return np.nan_to_num((likeness - self.mean) / self.deviation, nan=0.0)


class Likeness:
    """Compares documents with positives by the vectors of one ranker."""

    def __init__(self, collection: Collection, ranker: OpenedRanker) -> None:
        self._collection = collection
        self._ranker: Any = ranker

    def to_others(self, queries: IntArray, docs: IntArray) -> Vector:
        """Returns (n,) float64: the mean likeness to the nearest of the query's positives but the document.

        A document that is no positive is compared with as many as a positive would be. NaN for queries with
        one positive.

        Args:
            queries: (n,) int32, query rows.
            docs: (n,) int32, document rows.
        """
        others = np.full((len(docs), _MOST), -1, np.int32)
        for place, (query, doc) in enumerate(zip(queries.tolist(), docs.tolist(), strict=True)):
            positives = self._positives(query)
            own = positives[positives != doc] if doc in positives else positives[:-1]
            others[place, : min(len(own), _MOST)] = own[:_MOST]
        width = max(int((others >= 0).sum(axis=1).max(initial=0)), 1)
        values = self._ranker.alike(docs, others[:, :width]).astype(np.float64)
        nearest = -np.sort(-values, axis=1)[:, :_NEAREST]
        known = ~np.isnan(nearest)
        sums, counts = np.where(known, nearest, 0).sum(axis=1), known.sum(axis=1)
        return np.asarray(np.where(counts, sums / np.maximum(counts, 1), np.nan))

    def _positives(self, query: int) -> IntArray:
        """Returns the positives of a query, copies once."""
        positives = self._collection.judgments.positives(query)
        alike = self._collection.documents.first_alike[positives]
        return positives[np.sort(np.unique(alike, return_index=True)[1])]
