"""Keep candidates from a score upwards: what scores below is too easy."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Rule, rule
from hardneg.core.records import BoolArray, Candidates


@rule("min-score")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class MinScore(Rule):
    """Keeps candidates with `score >= minimum`: easier ones are no use.

    Attributes:
        minimum: The lowest score kept, in the ranker's unit (cosine for most dense models).
        by: The ranker whose scores count; None for the selection's scorer.

    Source: `min_score` of sentence-transformers' `mine_hard_negatives`.
    """

    minimum: float
    by: str | None = None
    reads = "score"
    shorthand = "minimum"
    label = {"en": "score too low", "ru": "оценка слишком низка"}
    meaning = {
        "en": "It scores so low that it would teach little.",
        "ru": "Его оценка так низка, что он мало чему научит.",
    }

    def keep(self, candidates: Candidates) -> BoolArray:
        """Returns which candidates score at least the minimum."""
        return candidates.score(self.by) >= np.float32(self.minimum)

    def useful_deeper(self, candidates: Candidates) -> BoolArray:
        """Returns whether all retrieved documents pass: below a failure there are only lower scores."""
        retrieved = (candidates.ranks > 0) & ~np.isnan(candidates.score(self.by))
        return np.asarray((self.keep(candidates) | ~retrieved).all(axis=1))
