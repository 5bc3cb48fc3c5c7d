"""What rankers make of labelled pairs, against random ones.

A random pair is a query with a positive of another query. A labelled pair is compared with those of its query
and with those of its document: an answer that scores low for every query may score highest for its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hardneg.calibration.features import Matrix
from hardneg.calibration.logistic import Vector
from hardneg.core.components import OpenedRanker
from hardneg.core.exclusions import Exclusions
from hardneg.core.noise import uniform
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray, IntArray

_SAMPLE = 128
"""Documents that stand for the positives of other queries, and queries that stand for the others."""

_TIMES, _MOST_PAIRS = 4, 40_000
"""Random pairs for each labelled one, and in all, unless there are more labelled ones."""

_FLOOR = 0.25
"""The least spread of scores that counts, as a share of the median over queries or documents."""


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
        query_floor: The least spread of a query's scores.
        document_floor: The least spread of a document's scores.
        mean: Mean of all random pairs' scores.
        deviation: Their standard deviation; 0 where scores do not mean the same for every query.
    """

    query_floor: float
    document_floor: float
    mean: float
    deviation: float


@dataclass(frozen=True)
class RandomPairs:
    """The scores of random pairs of a block of queries, and of documents.

    Attributes:
        docs: (n_documents,) int32, the same for every query.
        scores: For each ranker (n_queries, n_documents) float64, NaN where the document is relevant.
        known: (n_known,) int32, ascending, the documents that have random pairs.
        of_documents: For each ranker (n_known, n_sampled_queries) float64, likewise.
    """

    docs: IntArray
    scores: Mapping[str, Matrix]
    known: IntArray
    of_documents: Mapping[str, Matrix]

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
            deviation = float(np.nanstd(scores)) if comparable[name] else 0.0
            floors = _floor(scores), _floor(self.of_documents[name])
            found[name] = Scale(*floors, float(np.nanmean(scores)), deviation)
        return found

    def features(self, pairs: Pairs, scales: Mapping[str, Scale]) -> Matrix:
        """Returns (n, n_features) float64 of pairs: how far above the random ones each ranker scores them.

        In standard deviations of the query's random pairs, of the document's and, where scores mean the same
        for every query, of all random pairs; large ones by their logarithm.
        """
        columns, place = [], np.searchsorted(self.known, pairs.docs)
        for name, scale in scales.items():
            own = pairs.scores[name].astype(np.float64)
            columns.append(_above(own, self.scores[name], pairs.row, scale.query_floor))
            columns.append(_above(own, self.of_documents[name], place, scale.document_floor))
            if scale.deviation:
                columns.append((own - scale.mean) / scale.deviation)
        stacked = np.stack(columns, axis=-1)
        return np.asarray(np.sign(stacked) * np.log1p(np.abs(stacked)))


class RandomScorer:
    """Scores the queries of a collection with a sample of all its positives."""

    def __init__(
        self, collection: Collection, rankers: Mapping[str, OpenedRanker], exclusions: Exclusions, seed: int
    ) -> None:
        self._rankers = rankers
        self._exclusions = exclusions
        self.docs, self._queries = _sample(collection, seed)

    def shuffled(self, labelled: Pairs, queries: IntArray) -> Pairs:
        """Returns the labelled pairs with each other's documents, several times, without relevant ones.

        Args:
            labelled: Pairs of the queries of a block.
            queries: (n_queries,) int32, the block.
        """
        count = len(labelled.row)
        times = min(max(_MOST_PAIRS // max(count, 1), 1), _TIMES)
        generator = np.random.default_rng(count)
        docs = np.concatenate([labelled.docs[generator.permutation(count)] for _ in range(times)])
        row = np.tile(labelled.row, times)
        kept = ~self._relevant(queries[row], docs[:, None])[:, 0]
        row, docs = row[kept], docs[kept]
        return Pairs(row, docs, self.scores_of(queries[row], docs))

    def scores_of(self, queries: IntArray, docs: IntArray) -> dict[str, FloatArray]:
        """Returns for each ranker (n,) float32: the scores of single pairs."""
        return {name: ranker.score(queries, docs[:, None])[:, 0] for name, ranker in self._rankers.items()}

    def of(self, queries: IntArray, docs: IntArray) -> RandomPairs:
        """Returns the scores of the random pairs of these queries and of these documents."""
        known = np.union1d(docs, self.docs).astype(np.int32)
        of_documents = {name: own.T for name, own in self._scores(self._queries, known).items()}
        return RandomPairs(self.docs, self._scores(queries, self.docs), known, of_documents)

    def _scores(self, queries: IntArray, docs: IntArray) -> dict[str, Matrix]:
        """Returns for each ranker (n_queries, n_docs) float64, NaN where the document is relevant."""
        wide = np.broadcast_to(docs, (len(queries), len(docs))).copy()
        relevant = self._relevant(queries, wide)
        return {
            name: np.where(relevant, np.nan, ranker.score(queries, wide)).astype(np.float64)
            for name, ranker in self._rankers.items()
        }

    def _relevant(self, queries: IntArray, docs: IntArray) -> BoolArray:
        """Returns (n_queries, depth) bool: which documents are positives of the queries, or copies of one."""
        candidates = Candidates(queries, docs, np.zeros(docs.shape, np.int32), {}, {}, "")
        return np.asarray(self._exclusions.reasons(candidates) >= 0)


def _moments(scores: Matrix) -> tuple[Vector, Vector]:
    """Returns mean and standard deviation of each row's scores, NaN with fewer than two."""
    known = ~np.isnan(scores)
    count = known.sum(axis=1)
    many = np.maximum(count, 1)
    mean = np.where(known, scores, 0).sum(axis=1) / many
    square = np.where(known, (scores - mean[:, None]) ** 2, 0).sum(axis=1) / many
    return np.where(count > 1, mean, np.nan), np.where(count > 1, np.sqrt(square), np.nan)


def _sample(collection: Collection, seed: int) -> tuple[IntArray, IntArray]:
    """Returns distinct positives, those of more queries likelier, and distinct queries, both at random."""
    judgments = collection.judgments
    positive = judgments.relevance >= judgments.min_relevance
    queries, docs = judgments.query[positive], judgments.doc[positive]
    keys = uniform(seed, collection.queries.id_keys[queries], collection.documents.keys[docs])
    order = np.argsort(keys, kind="stable")
    return _first(collection.documents.first_alike[docs[order]]), _first(queries[order])


def _first(rows: IntArray) -> IntArray:
    """Returns the first distinct rows."""
    return rows[np.sort(np.unique(rows, return_index=True)[1])[:_SAMPLE]].astype(np.int32)


def _above(values: Vector, others: Matrix, place: npt.NDArray[Any], floor: float) -> Vector:
    """Returns (n,) float64: how far values are above the others in the row of their place, in deviations."""
    mean, spread = _moments(others)
    return np.asarray((values - mean[place]) / np.maximum(spread, floor)[place])


def _floor(scores: Matrix) -> float:
    return _FLOOR * float(np.nanmedian(_moments(scores)[1])) or 1e-6
