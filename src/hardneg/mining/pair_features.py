"""What rankers make of labelled pairs, against random ones: the query with other queries' positives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hardneg.calibration.features import Matrix
from hardneg.calibration.logistic import Vector
from hardneg.core.components import OpenedRanker
from hardneg.core.exclusions import Exclusions
from hardneg.core.noise import uniform
from hardneg.core.records import Candidates, Collection, FloatArray, IntArray

_DOCUMENTS = 128
"""Documents that stand for the positives of other queries."""

_FLOOR = 0.25
"""The least spread of a query's scores that counts, as a share of the median over queries."""


class Pairs(NamedTuple):
    """Pairs by their query, whose place in a block of queries is `row`.

    Attributes:
        row: (n,) int32, places in the block.
        docs: (n,) int32, document rows.
        scores: For each ranker (n,) float32.
    """

    row: IntArray
    docs: IntArray
    scores: Mapping[str, FloatArray]


class Scale(NamedTuple):
    """How the scores of one ranker are read.

    Attributes:
        floor: The least spread of a query's scores.
        mean: Mean of all random pairs' scores.
        deviation: Their standard deviation; 0 where scores do not mean the same for every query.
    """

    floor: float
    mean: float
    deviation: float


@dataclass(frozen=True)
class RandomPairs:
    """The scores of random pairs of a block of queries.

    Attributes:
        docs: (n_documents,) int32, the same for every query.
        scores: For each ranker (n_queries, n_documents) float64, NaN where the document is relevant.
    """

    docs: IntArray
    scores: Mapping[str, Matrix]

    def percentile(self, pairs: Pairs, name: str) -> Vector:
        """Returns (n,) float64: the share of the query's random pairs that a ranker scores below each pair.

        Of equal scores half are taken to be below.
        """
        others, own = self.scores[name][pairs.row], pairs.scores[name][:, None]
        known = np.maximum((~np.isnan(others)).sum(axis=1), 1)
        places = ((others < own).sum(axis=1) + (others == own).sum(axis=1) / 2) / known
        return np.asarray(np.where(np.isnan(own[:, 0]), np.nan, places))

    def scales(self, comparable: Mapping[str, bool]) -> dict[str, Scale]:
        """Returns how the scores of each ranker are read, by all these pairs."""
        found = {}
        for name, scores in self.scores.items():
            _, spread = _moments(scores)
            deviation = float(np.nanstd(scores)) if comparable[name] else 0.0
            floor = _FLOOR * float(np.nanmedian(spread)) or 1e-6
            found[name] = Scale(floor, float(np.nanmean(scores)), deviation)
        return found

    def features(self, pairs: Pairs, scales: Mapping[str, Scale]) -> Matrix:
        """Returns (n, n_features) float64 of pairs: how far above the random ones each ranker scores them.

        In standard deviations of the query's random pairs and, where scores mean the same for every query, of
        all random pairs; large ones by their logarithm.
        """
        columns = []
        for name, scale in scales.items():
            own = pairs.scores[name].astype(np.float64)
            mean, spread = _moments(self.scores[name])
            columns.append((own - mean[pairs.row]) / np.maximum(spread, scale.floor)[pairs.row])
            if scale.deviation:
                columns.append((own - scale.mean) / scale.deviation)
        stacked = np.stack(columns, axis=-1)
        return np.asarray(np.sign(stacked) * np.log1p(np.abs(stacked)))

    def drawn(self, count: int) -> Pairs:
        """Returns `count` random pairs a query, other documents for each."""
        queries, documents = next(iter(self.scores.values())).shape
        row = np.repeat(np.arange(queries), count)
        step = max(documents // count, 1)
        column = (row * 7 + np.tile(np.arange(count) * step, queries)) % documents
        kept = np.all([~np.isnan(s[row, column]) for s in self.scores.values()], axis=0)
        row, column = row[kept], column[kept]
        scores = {name: s[row, column].astype(np.float32) for name, s in self.scores.items()}
        return Pairs(row.astype(np.int32), self.docs[column], scores)


class RandomScorer:
    """Scores the queries of a collection with a sample of all its positives."""

    def __init__(
        self, collection: Collection, rankers: Mapping[str, OpenedRanker], exclusions: Exclusions, seed: int
    ) -> None:
        self._rankers = rankers
        self._exclusions = exclusions
        self.docs = _sample(collection, seed)

    def scores_of(self, queries: IntArray, docs: IntArray) -> dict[str, FloatArray]:
        """Returns for each ranker (n,) float32: the scores of single pairs."""
        return {name: ranker.score(queries, docs[:, None])[:, 0] for name, ranker in self._rankers.items()}

    def of(self, queries: IntArray) -> RandomPairs:
        """Returns the scores of the random pairs of these queries."""
        docs = np.broadcast_to(self.docs, (len(queries), len(self.docs))).copy()
        ranks = np.zeros(docs.shape, np.int32)
        relevant = self._exclusions.reasons(Candidates(queries, docs, ranks, {}, {}, "")) >= 0
        return RandomPairs(
            self.docs,
            {
                name: np.where(relevant, np.nan, ranker.score(queries, docs)).astype(np.float64)
                for name, ranker in self._rankers.items()
            },
        )


def _moments(scores: Matrix) -> tuple[Vector, Vector]:
    """Returns mean and standard deviation of each row's scores, NaN with fewer than two."""
    known = ~np.isnan(scores)
    count = known.sum(axis=1)
    many = np.maximum(count, 1)
    mean = np.where(known, scores, 0).sum(axis=1) / many
    square = np.where(known, (scores - mean[:, None]) ** 2, 0).sum(axis=1) / many
    return np.where(count > 1, mean, np.nan), np.where(count > 1, np.sqrt(square), np.nan)


def _sample(collection: Collection, seed: int) -> IntArray:
    """Returns distinct positives at random, those of more queries likelier."""
    judgments = collection.judgments
    positive = judgments.relevance >= judgments.min_relevance
    queries, docs = judgments.query[positive], judgments.doc[positive]
    keys = uniform(seed, collection.queries.id_keys[queries], collection.documents.keys[docs])
    ordered = collection.documents.first_alike[docs[np.argsort(keys, kind="stable")]]
    first = np.sort(np.unique(ordered, return_index=True)[1])[:_DOCUMENTS]
    return ordered[first].astype(np.int32)


def plain(scales: Mapping[str, Scale]) -> dict[str, Any]:
    """Returns scales as JSON holds them."""
    return {name: list(scale) for name, scale in scales.items()}
