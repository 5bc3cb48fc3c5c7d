"""Keep candidates below the positive by a fixed margin (TopK-MarginPos)."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Rule, Threshold, rule
from hardneg.core.records import BoolArray, Candidates


@rule("absolute-margin")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class AbsoluteMargin(Rule):
    """Keeps candidates with `score <= anchor - margin`, the anchor being the query's weakest positive.

    Attributes:
        margin: How far below the anchor score, in the ranker's unit (cosine for most dense models).
        by: The ranker whose scores count; None for the selection's scorer.

    Source: TopK-MarginPos, NV-Retriever (arXiv 2407.15831), section 3, where 0.05 is best.
    """

    margin: float = 0.05
    by: str | None = None
    reads = "anchor"
    implies_doubt = True
    threshold = Threshold("margin", (-0.2, -0.1, 0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3))
    shorthand = "margin"
    label = {"en": "absolute margin", "ru": "абсолютный отступ"}
    meaning = {
        "en": "It scores too near the query's weakest positive, or above it; it may be relevant.",
        "ru": "Оценка слишком близка к оценке слабейшего релевантного или выше неё; возможно, он релевантен.",
    }

    def keep(self, candidates: Candidates) -> BoolArray:
        """Returns which candidates are below the anchor by the margin."""
        return candidates.score(self.by) <= candidates.anchor(self.by) - np.float32(self.margin)

    def useful_deeper(self, candidates: Candidates) -> BoolArray:
        """Returns whether there is an anchor: scores fall with depth and will meet it."""
        return ~np.isnan(candidates.anchor(self.by)[:, 0])
