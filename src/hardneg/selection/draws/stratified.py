"""Draw from the whole range of the teacher's scores, for distillation."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Self

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Draw, draw
from hardneg.core.components.selection import Priority
from hardneg.core.records import Candidates, FloatArray, IntArray


@draw("stratified")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Stratified(Draw):
    """Draws one candidate at random from each stratum of the scores, the highest first, then a second.

    Attributes:
        strata: How many; None for as many as negatives are asked.
        of: `quantiles`: each stratum has as many of the allowed candidates. `scores`: each is as wide a part
            of the range of their scores, and may be empty.
        by: The ranker whose scores count; None for the selection's scorer.

    Source: stratified sampling, arXiv 2604.04734: what a student learns from depends on how far the teacher's
    scores spread.
    """

    strata: int | None = Field(default=None, ge=1)
    of: Literal["quantiles", "scores"] = "quantiles"
    by: str | None = None
    label = {"en": "drawn from a stratum", "ru": "выбран из своего слоя оценок"}
    meaning = {
        "en": "Chosen at random from its part of the range of the teacher's scores.",
        "ru": "Выбран жребием из своей части диапазона оценок учителя.",
    }

    def for_count(self, negatives: int) -> Self:
        """Returns the draw with as many strata as negatives, unless their number is set."""
        return self if self.strata is not None else replace(self, strata=negatives)

    def priority(self, candidates: Candidates, noise: FloatArray) -> Priority:
        """Returns the negated turn of each candidate: the strata in their order, one of each in a round."""
        scores = np.where(candidates.docs >= 0, candidates.score(self.by), np.nan)
        strata = self.strata or 1
        place = _quantiles(scores, strata) if self.of == "quantiles" else _parts(scores, strata)
        turn = _rounds(place, noise).astype(np.float64) * strata + place
        return np.where(np.isnan(scores), np.nan, -turn)


def _quantiles(scores: FloatArray, strata: int) -> IntArray:
    """Returns (n, depth) int32: the stratum of each score by its rank in the row, 0 for the highest.

    What has no score is in a stratum of its own.
    """
    order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    counts = np.maximum((~np.isnan(scores)).sum(axis=1, keepdims=True), 1)
    return np.where(np.isnan(scores), strata, rank * strata // counts).astype(np.int32)


def _parts(scores: FloatArray, strata: int) -> IntArray:
    """Returns (n, depth) int32: the stratum of each score by its place in the row's range."""
    high = np.where(np.isnan(scores), -np.inf, scores).max(axis=1, keepdims=True, initial=-np.inf)
    low = np.where(np.isnan(scores), np.inf, scores).min(axis=1, keepdims=True, initial=np.inf)
    width = np.where(high > low, high - low, 1.0)
    part = np.minimum((high - np.where(np.isnan(scores), high, scores)) / width * strata, strata - 1)
    return np.where(np.isnan(scores), strata, part).astype(np.int32)


def _rounds(place: IntArray, noise: FloatArray) -> IntArray:
    """Returns (n, depth) int32: in which round each candidate of a stratum is drawn, at random."""
    rounds = np.zeros(place.shape, np.int32)
    for row in range(len(place)):
        order = np.lexsort((-noise[row], place[row]))
        own = place[row][order]
        rounds[row, order] = np.arange(len(own)) - np.searchsorted(own, own)
    return rounds
