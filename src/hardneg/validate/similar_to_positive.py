"""A document like a known positive may be relevant as that one is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, cast

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.errors import ConfigError, unknown_name
from hardneg.rank import Context, Ranker
from hardneg.records import BoolArray, Candidates, Collection, FloatArray, IntArray
from hardneg.validate import Kind, Witness
from hardneg.validate.looking import each, spread, unknown

__all__ = ["SimilarToPositive"]


class Likeness(Protocol):
    """A ranker that can also compare documents."""

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: the similarity of n documents to m others."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SimilarToPositive:
    """Measures the similarity of a candidate to the query's positives, by a ranker's document vectors.

    The evidence is the mean similarity to the nearest few positives. Relevant documents resemble each other
    (the cluster hypothesis), and this says what no similarity to the query does.

    Attributes:
        by: The ranker whose vectors count; None for the first that has any. Without any there is no evidence.
        nearest: How many of the positives count, the nearest ones.
        bound: A similarity that is suspicious by itself; 1 minus it is the distance allowed.

    Source: van Rijsbergen, Information Retrieval, chapter 3; relevance feedback, Rocchio, 1971.
    """

    by: str | None = None
    nearest: int = Field(default=3, ge=1)
    bound: float = 0.95
    kind: ClassVar[Kind] = "score"
    weight: ClassVar[float] = 1.0
    shorthand: ClassVar[str] = "by"

    def open(self, collection: Collection, rankers: Mapping[str, Ranker], context: Context) -> Witness:
        """Returns the witness.

        Raises:
            ConfigError: The ranker named in `by` is not there, or has no vectors.
        """
        having = [name for name, ranker in rankers.items() if hasattr(ranker, "alike")]
        if self.by is not None and self.by not in rankers:
            raise unknown_name("ranker in by", self.by, rankers)
        if self.by is not None and self.by not in having:
            raise ConfigError(f"similar-to-positive: ranker {self.by} has no document vectors to compare")
        name = self.by or next(iter(having), None)
        ranker = None if name is None else cast(Likeness, rankers[name])
        return _Similarity(collection, name, ranker, self.nearest)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what lies as near to a positive as `bound`."""
        return np.nan_to_num(evidence, nan=-np.inf) >= self.bound


class _Similarity:
    def __init__(
        self, collection: Collection, name: str | None, ranker: Likeness | None, nearest: int
    ) -> None:
        self.facts: dict[str, Any] = {"by": name}
        self._judgments = collection.judgments
        self._ranker = ranker
        self._nearest = nearest

    def evidence(self, candidates: Candidates) -> FloatArray:
        found = unknown(candidates)
        if self._ranker is not None:
            for row, docs in each(candidates):
                positives = self._judgments.positives(int(candidates.queries[row]))
                alike = self._ranker.alike(docs, positives)
                spread(candidates, row, _nearest(alike, docs[:, None] == positives, self._nearest), found)
        return found


def _nearest(alike: FloatArray, own: BoolArray, nearest: int) -> FloatArray:
    """Returns (n,) float32: the mean of each row's highest similarities, that to itself left out."""
    others = np.sort(np.where(own, -np.inf, alike), axis=1)[:, ::-1][:, :nearest]
    known = np.isfinite(others)
    total = np.where(known, others, 0).sum(axis=1)
    count = known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
