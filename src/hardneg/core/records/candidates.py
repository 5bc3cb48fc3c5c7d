"""Candidates: the documents that rankers retrieved for a block of queries, with scores and evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.errors import DataError
from hardneg.core.records.arrays import BoolArray, FloatArray, IntArray
from hardneg.core.records.collection import Collection

JUDGED_RELEVANT = "judged_relevant"
NOISY_POSITIVE = "noisy_positive"
RELABELLED = "relabelled"
"""The reasons for which a candidate is a positive."""


class Decision:
    """The three outcomes for a candidate, as the ledger writes them."""

    NEGATIVE = "negative"
    DROPPED = "dropped"
    POSITIVE = "positive"


def checked_scores(name: str, scores: FloatArray) -> FloatArray:
    """Returns scores as they are, NaN where there are none; name is that of the ranker or validator.

    Raises:
        DataError: One is infinite, as products of finite vectors may be.
    """
    if np.isinf(scores).any():
        raise DataError(
            f"{name} gives an infinite score, where a finite 32-bit number is expected: "
            "scale its vectors or scores down"
        )
    return scores


class CandidateTexts:
    """The texts of the candidates of a block, looked up on access.

    Args:
        collection: What the rows are rows of.
        docs: (n_queries, depth) int32, document rows, -1 where there is none.
    """

    def __init__(self, collection: Collection, docs: IntArray) -> None:
        self._collection = collection
        self._docs = docs

    @property
    def texts(self) -> npt.NDArray[np.object_]:
        """(n_queries, depth) str: title, space and text; empty where there is no candidate."""
        return self._of(self._collection.documents.texts, "")

    @property
    def ids(self) -> npt.NDArray[np.object_]:
        """(n_queries, depth) str: document ids; empty where there is no candidate."""
        return self._of(self._collection.documents.ids, "")

    @property
    def lengths(self) -> IntArray:
        """(n_queries, depth) int32: characters of the full text; 0 where there is no candidate."""
        return self._of(
            lambda rows: [len(text) for text in self._collection.documents.texts(rows)], 0
        ).astype(np.int32)

    def _of(self, read: Callable[[IntArray], Sequence[Any]], empty: Any) -> npt.NDArray[np.object_]:
        values = np.full(self._docs.shape, empty, object)
        present = self._docs >= 0
        rows, places = np.unique(self._docs[present], return_inverse=True)
        distinct = np.empty(len(rows), object)
        distinct[:] = read(rows)
        values[present] = distinct[places.ravel()]
        return values


@dataclass(frozen=True)
class Candidates:
    """The pool of a block of queries: what the rankers retrieved, and every positive, in pool order.

    Attributes:
        queries: (n_queries,) int32, query rows.
        docs: (n_queries, depth) int32, document rows, -1 where there is none.
        ranks: (n_queries, depth) int32, rank in the pool from 1; 0 for a positive that no ranker retrieved.
        scores: For each ranker (n_queries, depth) float32, NaN where it gave none.
        positive: For each ranker (n_queries,) float32, the anchor score: the weakest positive's by the
            same ranker (or the pair's own), NaN where it gave none.
        scorer: The ranker that thresholds read unless a rule names another.
        order: The ranker whose scores rank the candidates; None for the order of the pool.
        pair: (n_queries,) int32, document row of the one positive each row stands for, or -1 when a row
            stands for all the query's positives.
        exhausted: (n_queries,) bool, true where the rankers have nothing further to give.
        evidence: For each validator (n_queries, depth) float32, NaN where it examined nothing.
        votes: (n_queries, depth) int16, how many validators suspect a candidate; None without any.
        probability: (n_queries, depth) float32, of a false negative, NaN where not estimated; None without
            calibration.
        relabelled: (n_queries, depth) bool, which candidates count as positives after all; None for none.
        partial: (n_queries, depth) bool, which candidates judges find relevant in part; None for none.
        grades: (n_queries, depth) float32, the judges' mean grade, 0 to 3, NaN without one; None for none.
        positive_evidence: What is known of the positives, by the ledger's column: (n_queries, depth) float32,
            NaN for all else.
        p_noisy: (n_queries, depth) float32, the probability that a positive is wrong, NaN where not known;
            None where none is.
        noisy: (n_queries, depth) bool, positives to leave out as wrong; None for none.
        excluded: (n_queries, depth) int8, why a candidate can never be a negative, an index into
            `hardneg.core.exclusions.EXCLUSIONS`, -1 where it can; None before exclusion.
        collection: What the rows are rows of; None where no texts are read.
    """

    queries: IntArray
    docs: IntArray
    ranks: IntArray
    scores: Mapping[str, FloatArray]
    positive: Mapping[str, FloatArray]
    scorer: str
    order: str | None = None
    pair: IntArray | None = None
    exhausted: BoolArray | None = None
    evidence: Mapping[str, FloatArray] = field(default_factory=dict)
    votes: npt.NDArray[np.int16] | None = None
    probability: FloatArray | None = None
    relabelled: BoolArray | None = None
    partial: BoolArray | None = None
    grades: FloatArray | None = None
    positive_evidence: Mapping[str, FloatArray] = field(default_factory=dict)
    p_noisy: FloatArray | None = None
    noisy: BoolArray | None = None
    excluded: npt.NDArray[np.int8] | None = None
    collection: Collection | None = None

    @property
    def documents(self) -> CandidateTexts:
        """The texts of the candidates: `candidates.documents.lengths >= 20`."""
        if self.collection is None:
            raise ValueError("these candidates were made without their collection")
        return CandidateTexts(self.collection, self.docs)

    @property
    def query_texts(self) -> list[str]:
        """The text of each query."""
        if self.collection is None:
            raise ValueError("these candidates were made without their collection")
        return self.collection.queries.texts(self.queries)

    @property
    def shape(self) -> tuple[int, int]:
        """(n_queries, depth)."""
        return self.docs.shape[0], self.docs.shape[1]

    def score(self, by: str | None = None) -> FloatArray:
        """Returns (n_queries, depth) float32: the scores by one ranker, by the scorer unless named."""
        return self.scores[by or self.scorer]

    def anchor(self, by: str | None = None) -> FloatArray:
        """Returns (n_queries, 1) float32: the anchor scores by one ranker, by the scorer unless named."""
        return self.positive[by or self.scorer][:, None]

    def rank(self, by: str | None = None) -> IntArray:
        """Returns (n_queries, depth) int32: ranks from 1, in the pool's order or by one ranker's scores.

        Positives count: they hold the ranks that the ranker gave them. 0 where a document has no rank.
        """
        ranker = by or self.order
        return self.ranks if ranker is None else _ranks(self.scores[ranker], self.docs)

    def seen_by(self, ranker: str) -> Candidates:
        """Returns the same candidates as one ranker sees them: its order, its thresholds."""
        return replace(self, scorer=ranker, order=ranker)

    def only(self, mask: BoolArray) -> Candidates:
        """Returns the candidates with those outside the (n_queries, depth) mask blanked out."""
        return replace(
            self,
            docs=np.where(mask, self.docs, -1).astype(np.int32),
            ranks=np.where(mask, self.ranks, 0).astype(np.int32),
            scores={name: np.where(mask, values, np.float32("nan")) for name, values in self.scores.items()},
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Candidates:
        """Returns the candidates of some of the queries."""
        taken: dict[str, Any] = {}
        for own in fields(self):
            values = getattr(self, own.name)
            if isinstance(values, Mapping):
                taken[own.name] = {name: array[rows] for name, array in values.items()}
            elif isinstance(values, np.ndarray):
                taken[own.name] = values[rows]
        return replace(self, **taken)


def _ranks(scores: FloatArray, docs: IntArray) -> IntArray:
    keyed = np.where((docs >= 0) & ~np.isnan(scores), -scores, np.inf)
    order = np.argsort(keyed, axis=1, kind="stable")
    ranks = np.empty(docs.shape, np.int32)
    np.put_along_axis(ranks, order, np.arange(1, docs.shape[1] + 1, dtype=np.int32)[None, :], axis=1)
    return np.where(np.isinf(keyed) & (keyed > 0), 0, ranks).astype(np.int32)
