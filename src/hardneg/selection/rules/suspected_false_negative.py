"""Keep candidates that are unlikely to be false negatives."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Rule, Threshold, rule
from hardneg.core.records import BoolArray, Candidates
from hardneg.selection.rules.relative_margin import RelativeMargin


@rule("suspected-false-negative")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SuspectedFalseNegative(Rule):
    """Keeps candidates whose calibrated probability of a false negative is at most `maximum`.

    Where the probability is not known, because there are too few positives to learn from or the recipe does
    not calibrate, a margin to the positive's score stands in for it.

    Attributes:
        maximum: The highest probability kept; 0.03 = 3 %.
        otherwise: The relative margin where no probability is known, as `relative-margin`; None keeps all.
        votes: The number of validators whose suspicion drops a candidate too; None for none.
        by: The ranker whose scores the margin reads; None for the selection's scorer.

    Source: probabilities from positive and unlabelled examples, Elkan and Noto, KDD 2008.
    """

    maximum: float = Field(default=0.03, ge=0, le=1)
    otherwise: float | None = 0.05
    votes: int | None = Field(default=None, ge=1)
    by: str | None = None
    reads = "probability"
    implies_doubt = True
    threshold = Threshold("maximum", (1, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002))
    shorthand = "maximum"
    label = {"en": "suspected false negative", "ru": "под подозрением"}
    meaning = {
        "en": "The validators find it likely to be relevant.",
        "ru": "Проверки считают, что он, вероятно, релевантен.",
    }

    def keep(self, candidates: Candidates) -> BoolArray:
        """Returns which candidates are improbable enough, or far enough below the positive."""
        kept = self._otherwise(candidates)
        if candidates.probability is not None:
            estimated = ~np.isnan(candidates.probability)
            kept = np.where(estimated, candidates.probability <= np.float32(self.maximum), kept)
        if self.votes is not None and candidates.votes is not None:
            kept &= candidates.votes < self.votes
        return kept

    def useful_deeper(self, candidates: Candidates) -> BoolArray:
        """Returns true: deeper documents have less evidence."""
        return np.ones(len(candidates.queries), bool)

    def _otherwise(self, candidates: Candidates) -> BoolArray:
        if self.otherwise is None:
            return np.ones(candidates.shape, bool)
        return RelativeMargin(self.otherwise, self.by).keep(candidates)
