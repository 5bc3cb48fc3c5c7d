"""Keep candidates up to a score (TopK-Abs)."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Rule, Threshold, rule
from hardneg.core.records import BoolArray, Candidates


@rule("max-score")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class MaxScore(Rule):
    """Keeps candidates with `score <= maximum`: what scores above is likely relevant.

    Attributes:
        maximum: The highest score kept, in the ranker's unit (cosine for most dense models).
        by: The ranker whose scores count; None for the selection's scorer.

    Source: TopK-Abs, NV-Retriever (arXiv 2407.15831), section 3.
    """

    maximum: float
    by: str | None = None
    reads = "score"
    implies_doubt = True
    threshold = Threshold("maximum", (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2))
    shorthand = "maximum"
    label = {"en": "score too high", "ru": "оценка слишком высока"}
    meaning = {
        "en": "It scores so high that it may be relevant.",
        "ru": "Его оценка так высока, что он может быть релевантным.",
    }

    def keep(self, candidates: Candidates) -> BoolArray:
        """Returns which candidates score at most the maximum."""
        return candidates.score(self.by) <= np.float32(self.maximum)

    def useful_deeper(self, candidates: Candidates) -> BoolArray:
        """Returns true: scores fall with depth."""
        return np.ones(len(candidates.docs), bool)
