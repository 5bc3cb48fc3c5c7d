"""A document similar to a positive may be relevant too."""

from __future__ import annotations

from typing import Any, Protocol, cast

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedValidator, Validator, validator
from hardneg.core.errors import ConfigError, unknown_name
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray, IntArray, rows_of
from hardneg.validators._common import Rankers, empty_evidence

_BLOCK = 128
"""Queries compared together: bounds memory, and starts the threads once for all of them."""


class DocumentComparer(Protocol):
    """A ranker that can also compare documents."""

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: the similarity of (n,) documents to (n, m) others, NaN for -1."""


@validator("similar-to-positive")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SimilarToPositive(Validator):
    """Measures the similarity of a candidate to the query's positives, by a ranker's document vectors.

    The evidence is the mean similarity to the nearest few positives. Relevant documents resemble each other
    (the cluster hypothesis), which no similarity to the query measures.

    Attributes:
        by: The ranker whose vectors count; None for the first that has any. Without any there is no evidence.
        nearest: How many of the positives count, the nearest ones.
        bound: The least similarity that is suspicious.

    Source: van Rijsbergen, Information Retrieval, chapter 3; relevance feedback, Rocchio, 1971.
    """

    by: str | None = None
    nearest: int = Field(default=3, ge=1)
    bound: float = 0.95
    kind = "score"
    weight = 1.0
    shorthand = "by"
    label = {"en": "Similar to positives", "ru": "Похожие на релевантные"}
    meaning = {
        "en": "Candidates whose vectors are close to those of the query's positives.",
        "ru": "Кандидаты, чьи векторы близки к векторам релевантных документов запроса.",
    }

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator.

        Raises:
            ConfigError: The ranker named in `by` is not there, or has no vectors.
        """
        comparing = [name for name, ranker in rankers.items() if hasattr(ranker, "alike")]
        if self.by is not None and self.by not in rankers:
            raise unknown_name("ranker in by", self.by, rankers)
        if self.by is not None and self.by not in comparing:
            raise ConfigError(f"similar-to-positive: ranker {self.by} has no document vectors to compare")
        name = self.by or next(iter(comparing), None)
        ranker = None if name is None else cast(DocumentComparer, rankers[name])
        return _Similarity(collection, name, ranker, self.nearest)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what is as similar to a positive as `bound`."""
        return np.nan_to_num(evidence, nan=-np.inf) >= self.bound


class _Similarity:
    def __init__(
        self, collection: Collection, name: str | None, ranker: DocumentComparer | None, nearest: int
    ) -> None:
        self.facts: dict[str, Any] = {"by": name}
        self._judgments = collection.judgments
        self._ranker = ranker
        self._nearest = nearest

    def evidence(self, candidates: Candidates) -> FloatArray:
        if self._ranker is None:
            return empty_evidence(candidates)
        blocks = rows_of(len(candidates.queries), _BLOCK)
        evidence = [self._compared(self._ranker, candidates, rows) for rows in blocks]
        return np.concatenate([*evidence, np.empty((0, candidates.shape[1]), np.float32)])

    def _compared(self, ranker: DocumentComparer, candidates: Candidates, rows: IntArray) -> FloatArray:
        """Returns the evidence on some of the queries, all their positives compared together."""
        positives = [self._judgments.positives(int(query)) for query in candidates.queries[rows]]
        counts = [len(rows) for rows in positives]
        docs = np.concatenate(positives)
        others = np.repeat(candidates.docs[rows], counts, axis=0)
        similarity = np.where(others == docs[:, None], np.float32("nan"), ranker.alike(docs, others))
        by_query = np.split(similarity, np.cumsum(counts)[:-1])
        return np.stack([_mean_of_highest(block, self._nearest) for block in by_query])


def _mean_of_highest(similarity: FloatArray, nearest: int) -> FloatArray:
    """Returns (depth,) float32: the mean of each column's highest similarities, NaN without any."""
    highest = -np.sort(-similarity, axis=0)[:nearest]
    known = ~np.isnan(highest)
    total = np.where(known, highest, 0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
