"""What validators share: which candidates get evidence, and its arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hardneg.core.components import OpenedRanker
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray, IntArray

Rankers = Mapping[str, OpenedRanker]
"""The opened rankers of a recipe, by name."""


@dataclass(frozen=True)
class Opened:
    """An opened validator whose evidence is a function of the candidates; see `OpenedValidator`."""

    facts: Mapping[str, Any]
    evidence: Callable[[Candidates], FloatArray]


def in_depth(candidates: Candidates, collection: Collection, depth: int) -> BoolArray:
    """Returns (n_queries, depth) bool: the candidates of the first ranks, and the positives."""
    near = (candidates.ranks > 0) & (candidates.ranks <= depth)
    positive = collection.judgments.relevant.has(candidates.queries, candidates.docs)
    return (candidates.docs >= 0) & (near | positive)


def empty_evidence(candidates: Candidates) -> FloatArray:
    """Returns (n_queries, depth) float32: NaN for every candidate."""
    return np.full(candidates.shape, np.nan, np.float32)


def evidence_by_query(
    candidates: Candidates, evidence_of: Callable[[int, IntArray], FloatArray]
) -> FloatArray:
    """Returns (n_queries, depth) float32: what a function gives of each query and its documents."""
    evidence = empty_evidence(candidates)
    for row, (query, docs) in enumerate(zip(candidates.queries.tolist(), candidates.docs, strict=True)):
        evidence[row, docs >= 0] = evidence_of(query, docs[docs >= 0])
    return evidence


def near_positive(
    evidence: FloatArray,
    positive: FloatArray,
    margin: float = 0.0,
    relative_margin: float = 0.0,
    maximum: float | None = None,
) -> BoolArray:
    """Returns (n_queries, depth) bool: what scores as high as the weakest positive less the margins.

    Args:
        evidence: (n_queries, depth) float32, NaN where there is none.
        positive: (n_queries, 1) float32, the least evidence of the query's positives, NaN without any.
        margin: The greatest distance below the positive that is near.
        relative_margin: The same as a fraction of the positive's score.
        maximum: The least score that makes any candidate near; None for no such bound.
    """
    known = np.nan_to_num(evidence, nan=-np.inf)
    least = positive - np.float32(margin) - np.abs(positive) * np.float32(relative_margin)
    with np.errstate(invalid="ignore"):
        near = known >= least
    return near if maximum is None else near | (known >= maximum)


class PairEvidence:
    """An opened validator whose evidence is a ranker's scores of the first ranks and positives."""

    def __init__(self, ranker: OpenedRanker, collection: Collection, depth: int) -> None:
        self.facts = {**ranker.facts, "depth": depth}
        self._ranker, self._collection, self._depth = ranker, collection, depth

    def readable(self, candidates: Candidates) -> BoolArray:
        """Returns (n_queries, depth) bool: the candidates of the first ranks, and the positives."""
        return in_depth(candidates, self._collection, self._depth)

    def evidence(self, candidates: Candidates) -> FloatArray:
        """Returns (n_queries, depth) float32: the scores of all that is readable, NaN for others."""
        return self.evidence_of(candidates, self.readable(candidates))

    def evidence_of(self, candidates: Candidates, chosen: BoolArray) -> FloatArray:
        """Returns (n_queries, depth) float32: the scores of some candidates, NaN for others."""
        docs = np.where(chosen, candidates.docs, -1).astype(np.int32)
        return self._ranker.score(candidates.queries, docs)
