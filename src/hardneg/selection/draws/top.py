"""Draw the highest ranked (naive top-k)."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Draw, draw
from hardneg.core.components.selection import Priority
from hardneg.core.records import Candidates, FloatArray


@draw("top")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Top(Draw):
    """Draws candidates in the order of their ranks: the hardest that the rules allow.

    Attributes:
        by: The ranker whose ranks count; None for the order of the pool.

    Source: naive Top-K, NV-Retriever (arXiv 2407.15831), section 3; ANCE (arXiv 2007.00808).
    """

    by: str | None = None
    label = {"en": "the hardest", "ru": "самый сложный"}
    meaning = {
        "en": "Chosen because it ranks highest among those that the rules allow.",
        "ru": "Выбран, потому что стоит выше всех, кого пропускают правила.",
    }

    def priority(self, candidates: Candidates, noise: FloatArray) -> Priority:
        """Returns the negated rank."""
        ranks = candidates.rank(self.by)
        return np.where(ranks > 0, -ranks, np.nan).astype(np.float64)
