"""Draw what scores about as much as the positive: the ambiguous, neither too hard nor too easy (SimANS)."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Draw, draw
from hardneg.core.components.selection import Priority
from hardneg.core.records import Candidates, FloatArray


@draw("simans")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SimAns(Draw):
    """Draws without replacement with probabilities proportional to `exp(-a * (score - anchor - b)**2)`.

    Attributes:
        a: How sharply the probability falls off around the positive's score.
        b: Where the peak lies, as an offset to the positive's score, in the ranker's unit.
        by: The ranker whose scores count; None for the selection's scorer.

    Source: SimANS (arXiv 2210.11773), equation 4.
    """

    a: float = Field(default=0.5, gt=0)
    b: float = 0.0
    by: str | None = None
    label = {"en": "drawn near the positive", "ru": "выбран рядом с релевантным"}
    meaning = {
        "en": "Chosen by a draw that prefers scores near the positive's.",
        "ru": "Выбран жребием, который предпочитает оценки рядом с оценкой релевантного.",
    }

    def priority(self, candidates: Candidates, noise: FloatArray) -> Priority:
        """Returns log-probabilities perturbed by Gumbel noise."""
        distance = candidates.score(self.by).astype(np.float64) - candidates.anchor(self.by) - self.b
        return np.asarray(-self.a * distance**2 - np.log(-np.log(noise.astype(np.float64))))
