"""Keep candidates below the positive by a fixed margin (TopK-MarginPos)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.records import BoolArray, Candidates

__all__ = ["AbsoluteMargin"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class AbsoluteMargin:
    """Keeps candidates with `score <= anchor - margin`, the anchor being the query's weakest positive.

    Attributes:
        margin: How far below the anchor score, in the ranker's unit (cosine for most dense models).
        by: The ranker whose scores count; None for the selection's scorer.

    Source: TopK-MarginPos, NV-Retriever (arXiv 2407.15831), section 3, where 0.05 is best.
    """

    margin: float = 0.05
    by: str | None = None
    reads: ClassVar[str] = "anchor"
    shorthand: ClassVar[str] = "margin"

    def keep(self, candidates: Candidates) -> BoolArray:
        """Returns which candidates lie below the anchor by the margin."""
        return candidates.score(self.by) <= candidates.anchor(self.by) - np.float32(self.margin)

    def useful_deeper(self, candidates: Candidates) -> BoolArray:
        """Returns whether there is an anchor: scores fall with depth and will meet it."""
        return ~np.isnan(candidates.anchor(self.by)[:, 0])
