"""A rate with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.statistics import wilson

Numbers = npt.NDArray[np.float64]

CONFIDENCE = 0.95
_RESAMPLES = 1_000


@dataclass(frozen=True)
class Estimate:
    """An estimated false-negative rate.

    Attributes:
        method: How it was estimated.
        rate: 0.05 = 5 %.
        low: Lower end of the 95 % interval.
        high: Upper end.
        judged: How many judgments it rests on: verdicts, hidden positives, or labelled ones.
        notes: What a reader should know of it.
    """

    method: str
    rate: float
    low: float
    high: float
    judged: int
    notes: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """Returns plain data for audit.json."""
        numbers = {name: round(getattr(self, name), 5) for name in ("rate", "low", "high")}
        return {
            "method": self.method,
            **numbers,
            "confidence": CONFIDENCE,
            "judged": self.judged,
            "notes": [*self.notes],
        }


def bounds(rate: float, variance: float, count: int) -> tuple[float, float]:
    """Returns the 95 % interval of a rate estimated with this variance, by Wilson on the effective sample.

    Args:
        rate: The estimate, 0 to 1.
        variance: Of the estimate; 0 where all that was judged is alike.
        count: How many were judged: where the variance is 0, the effective sample.

    Source: Korn and Graubard, Survey Methodology 24, 1998, with Wilson's interval in place of the exact one.
    """
    inside = min(max(rate, 0.0), 1.0)
    spread = inside * (1 - inside)
    effective = spread / variance if variance > 0 and spread > 0 else float(count)
    low, high = wilson(inside * effective, effective)
    return float(low), float(high)


def resampled(values: npt.NDArray[Any], totals: npt.NDArray[Any], seed: int = 0) -> tuple[float, float]:
    """Returns the 95 % interval of `sum(values) / sum(totals)` over whole queries drawn with replacement.

    Args:
        values: (n_queries,) float64.
        totals: (n_queries,) float64.
        seed: Of the draws.
    """
    if not len(values):
        return 0.0, 1.0
    generator = np.random.default_rng(seed)
    rates = np.empty(_RESAMPLES)
    for number in range(_RESAMPLES):
        drawn = generator.integers(0, len(values), len(values))
        rates[number] = values[drawn].sum() / max(totals[drawn].sum(), 1e-12)
    low, high = np.quantile(rates, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
