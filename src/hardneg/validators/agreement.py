"""A candidate that every ranker places at the positive or above may be relevant."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedValidator, Validator, validator
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray
from hardneg.validators._common import Opened, Rankers


@validator("agreement")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Agreement(Validator):
    """Measures how far above the weakest positive the ranker that ranks a candidate lowest places it.

    The evidence is the least of the rankers' `(score - positive's score) / deviation of the query's scores`:
    0 or more where all place it at the positive or above.

    Attributes:
        bound: The least evidence that is suspicious, in deviations; a little below 0 is near the positive.
    """

    bound: float = 0.0
    kind = "note"
    weight = 0.0
    shorthand = "bound"
    label = {"en": "Agreement", "ru": "Согласие ранжировщиков"}
    meaning = {
        "en": "Candidates that every ranker places at the positive or above it.",
        "ru": "Кандидаты, которых все ранжировщики ставят на уровень релевантного или выше.",
    }

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator."""

        def evidence(candidates: Candidates) -> FloatArray:
            positive = collection.judgments.relevant.has(candidates.queries, candidates.docs)
            above = [_above(scores, positive) for scores in candidates.scores.values()]
            return np.asarray(np.min(np.stack(above), axis=0), np.float32)

        return Opened({}, evidence)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what all rankers place at the positive, less the bound, or above."""
        return np.nan_to_num(evidence, nan=-np.inf) >= self.bound


def _above(scores: FloatArray, positive: BoolArray) -> FloatArray:
    """Returns (n_queries, depth) float32: deviations above the weakest positive but the candidate itself."""
    known = np.where(np.isnan(scores), np.inf, scores)
    ordered = np.sort(np.where(positive, known, np.inf), axis=1)
    if ordered.shape[1] < 2:
        ordered = np.pad(ordered, ((0, 0), (0, 1)), constant_values=np.inf)
    weakest, second = ordered[:, :1], ordered[:, 1:2]
    anchor = np.where(positive & (known == weakest), second, weakest)
    with np.errstate(invalid="ignore"):
        spread = np.nanstd(np.where(np.isnan(scores).all(axis=1, keepdims=True), 0, scores), axis=1)
        above = (scores - anchor) / np.where(spread > 0, spread, 1)[:, None]
    return np.where(np.isfinite(above), above, np.nan).astype(np.float32)
