"""Keep candidates below a percentage of the positive's score (TopK-PercPos)."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Rule, Threshold, rule
from hardneg.core.records import BoolArray, Candidates


@rule("relative-margin")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class RelativeMargin(Rule):
    """Keeps candidates with `score <= anchor - |anchor| * margin`.

    For positive anchors that is a percentage of the positive's score: margin 0.05 keeps what scores up to
    95 % of it. The absolute value keeps the margin on the safe side of a negative anchor.

    Attributes:
        margin: The fraction of the anchor score; 0.05 = 5 %.
        by: The ranker whose scores count; None for the selection's scorer.

    Source: TopK-PercPos, NV-Retriever (arXiv 2407.15831), section 3, where 95 % is best.
    """

    margin: float = 0.05
    by: str | None = None
    reads = "anchor"
    relative = True
    implies_doubt = True
    threshold = Threshold("margin", (-0.3, -0.1, 0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4))
    shorthand = "margin"
    label = {"en": "relative margin", "ru": "относительный отступ"}
    meaning = {
        "en": "It scores too near the query's weakest positive, or above it; it may be relevant.",
        "ru": "Оценка слишком близка к оценке слабейшего релевантного или выше неё; возможно, он релевантен.",
    }

    def keep(self, candidates: Candidates) -> BoolArray:
        """Returns which candidates are below the anchor by the fraction of it."""
        anchor = candidates.anchor(self.by)
        return candidates.score(self.by) <= anchor - np.abs(anchor) * np.float32(self.margin)

    def useful_deeper(self, candidates: Candidates) -> BoolArray:
        """Returns whether there is an anchor: scores fall with depth and will meet it."""
        return ~np.isnan(candidates.anchor(self.by)[:, 0])
