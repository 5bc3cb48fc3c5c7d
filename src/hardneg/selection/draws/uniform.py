"""Draw uniformly among the allowed (FlagEmbedding, RocketQA)."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Draw, draw
from hardneg.core.components.selection import Priority
from hardneg.core.records import Candidates, FloatArray


@draw("uniform")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Uniform(Draw):
    """Draws every allowed candidate with the same probability; a `window` rule says among which ranks.

    Attributes:
        by: The ranker whose ranks count; None for the order of the pool.

    Source: FlagEmbedding's `hn_mine.py`, `range_for_sampling`; RocketQA (arXiv 2010.08191), section 3.2.
    """

    by: str | None = None
    label = {"en": "drawn evenly", "ru": "выбран равномерно"}
    meaning = {
        "en": "Chosen by an even draw among those that the rules allow.",
        "ru": "Выбран равномерным жребием среди тех, кого пропускают правила.",
    }

    def priority(self, candidates: Candidates, noise: FloatArray) -> Priority:
        """Returns the noise."""
        return np.where(candidates.rank(self.by) > 0, noise, np.nan).astype(np.float64)
