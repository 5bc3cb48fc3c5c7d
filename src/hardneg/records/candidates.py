"""Candidates: what the rankers found for a block of queries, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.records.arrays import BoolArray, FloatArray, IntArray

JUDGED_RELEVANT = "judged_relevant"
RELABELLED = "relabelled"
"""The reasons for which a candidate is a positive."""


class Decision:
    """The three outcomes for a candidate, as the ledger writes them."""

    NEGATIVE = "negative"
    DROPPED = "dropped"
    POSITIVE = "positive"


@dataclass(frozen=True)
class Candidates:
    """The pool of a block of queries: what the rankers found, and every positive, in pool order.

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
        evidence: For each validator (n_queries, depth) float32, NaN where it did not look.
        suspicions: (n_queries, depth) int16, how many validators suspect a candidate; None without any.
        probability: (n_queries, depth) float32, of a false negative, NaN where it is not known; None without
            calibration.
        relabelled: (n_queries, depth) bool, which candidates count as positives after all; None for none.
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
    suspicions: npt.NDArray[np.int16] | None = None
    probability: FloatArray | None = None
    relabelled: BoolArray | None = None

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
        for each in fields(self):
            values = getattr(self, each.name)
            if isinstance(values, Mapping):
                taken[each.name] = {name: array[rows] for name, array in values.items()}
            elif isinstance(values, np.ndarray):
                taken[each.name] = values[rows]
        return replace(self, **taken)


def _ranks(scores: FloatArray, docs: IntArray) -> IntArray:
    keyed = np.where((docs >= 0) & ~np.isnan(scores), -scores, np.inf)
    order = np.argsort(keyed, axis=1, kind="stable")
    ranks = np.empty(docs.shape, np.int32)
    np.put_along_axis(ranks, order, np.arange(1, docs.shape[1] + 1, dtype=np.int32)[None, :], axis=1)
    return np.where(np.isinf(keyed) & (keyed > 0), 0, ranks).astype(np.int32)
