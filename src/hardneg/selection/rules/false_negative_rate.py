"""Keep the candidates that leave the expected share of false negatives among the chosen below a rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Self

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Rule, Threshold, rule
from hardneg.core.records import BoolArray, Candidates
from hardneg.selection.rules.suspected_false_negative import SuspectedFalseNegative

_LEAST = 1e-4
_HALVINGS = 16


@rule("false-negative-rate")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class FalseNegativeRate(Rule):
    """Keeps candidates as long as at most `maximum` of all chosen negatives are expected to be false.

    One bound on the calibrated probability holds for all candidates: the highest at which the mean
    probability of the negatives that a sample of the queries would have is at most `maximum`. So a collection
    whose hardest negatives are nearly all true keeps them, and one with many unlabelled relevant documents
    does not. Where no probability is known, a margin to the positive's score stands in for it.

    Attributes:
        maximum: The highest expected share of false negatives among the negatives; 0.05 = 5 %.
        otherwise: The relative margin where no probability is known, as `relative-margin`; None keeps all.
        bound: The highest probability kept; None to find it on a sample of the queries.
        by: The ranker whose scores the margin reads; None for the selection's scorer.

    Source: control of the false discovery rate by local rates, Efron, Large-Scale Inference, 2010, chapter 5.
    """

    maximum: float = Field(default=0.05, ge=0, le=1)
    otherwise: float | None = 0.05
    bound: float | None = Field(default=None, ge=0, le=1)
    by: str | None = None
    reads = "probability"
    implies_doubt = True
    threshold = Threshold("maximum", (0.5, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005))
    shorthand = "maximum"
    label = {"en": "suspected false negative", "ru": "под подозрением"}
    meaning = {
        "en": "With it too many of the negatives would be expected to be relevant.",
        "ru": "С ним среди негативов оказалось бы слишком много вероятно релевантных.",
    }

    @property
    def highest_probability(self) -> float | None:
        """The bound, None before it is found."""
        return self.bound

    def keep(self, candidates: Candidates) -> BoolArray:
        """Returns which candidates are improbable enough, or far enough below the positive."""
        bound = self.maximum if self.bound is None else self.bound
        return SuspectedFalseNegative(bound, self.otherwise, by=self.by).keep(candidates)

    def fitted(self, expected_rate: Callable[[Self], float]) -> Self:
        """Returns the rule with the highest bound whose negatives have at most the expected rate."""
        if self.bound is not None:
            return self
        low, high = _LEAST, 1.0
        if not expected_rate(replace(self, bound=high)) > self.maximum:
            return replace(self, bound=high)
        for _ in range(_HALVINGS):
            middle = (low * high) ** 0.5
            if expected_rate(replace(self, bound=middle)) > self.maximum:
                high = middle
            else:
                low = middle
        return replace(self, bound=float(f"{low:.3g}"))
