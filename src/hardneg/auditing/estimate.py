"""A rate with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hardneg.core.statistics import CONFIDENCE


@dataclass(frozen=True)
class Estimate:
    """An estimated false-negative rate.

    Attributes:
        method: Name of the method.
        rate: 0.05 = 5 %.
        low: Lower end of the 95 % interval.
        high: Upper end.
        judged: Number of judgments behind it: verdicts, hidden positives, or labelled ones.
        notes: Remarks for readers.
    """

    method: str
    rate: float
    low: float
    high: float
    judged: int
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Returns plain data for `audit.json`."""
        numbers = {name: round(getattr(self, name), 5) for name in ("rate", "low", "high")}
        return {
            "method": self.method,
            **numbers,
            "confidence": CONFIDENCE,
            "judged": self.judged,
            "notes": [*self.notes],
        }
