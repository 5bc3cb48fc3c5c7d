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
