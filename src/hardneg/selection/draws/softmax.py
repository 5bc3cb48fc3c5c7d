"""Draw by softmax over the scores, the top ones always (NV-Retriever's top-1 + sampled)."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Draw, draw
from hardneg.core.components.selection import Priority
from hardneg.core.records import Candidates, FloatArray


@draw("softmax")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Softmax(Draw):
    """Draws without replacement with probabilities `softmax(score / temperature)`.

    Implemented by the Gumbel top-k trick: the largest `score / temperature + Gumbel noise` are such a draw.

    Attributes:
        temperature: Flattens the distribution when high, in the ranker's unit.
        always: How many of the highest ranked allowed candidates are taken before any is sampled.
        by: The ranker whose scores count; None for the selection's scorer.

    Source: sampled and top-1 + sampled, NV-Retriever (arXiv 2407.15831), section 4; Gumbel top-k: Kool et al.
    (arXiv 1903.06059).
    """

    temperature: float = Field(default=0.05, gt=0)
    always: int = Field(default=1, ge=0)
    by: str | None = None
    label = {"en": "drawn by softmax", "ru": "выбран по softmax"}
    meaning = {
        "en": "Chosen by a draw that prefers high scores.",
        "ru": "Выбран жребием, который предпочитает высокие оценки.",
    }

    def priority(self, candidates: Candidates, noise: FloatArray) -> Priority:
        """Returns perturbed log-probabilities, lifted above all others for the first `always`."""
        scores = candidates.score(self.by).astype(np.float64)
        perturbed = scores / self.temperature - np.log(-np.log(noise.astype(np.float64)))
        ranks = candidates.rank(self.by or candidates.order).astype(np.float64)
        place = np.argsort(np.argsort(np.where(np.isnan(scores), np.inf, ranks), axis=1), axis=1)
        return np.where(place < self.always, 1e300 / (1.0 + place), perturbed)
