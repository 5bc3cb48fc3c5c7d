"""How hard negatives are: a low rate of false ones is easy with easy ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hardneg.auditing.estimate import Numbers
from hardneg.core.records import IntArray

Hardness = dict[str, float | None]


def hardness(score: Numbers, anchor: Numbers, rank: IntArray) -> Hardness:
    """Returns mean `score`, median `relative_margin` and mean `rank`; None where nothing is known.

    The margin is a median because it has no bound where the weakest positive scores near zero.

    Args:
        score: (n,) float64, of the negatives by one ranker, NaN where it gave none.
        anchor: (n,) float64, the anchor scores by the same ranker.
        rank: (n,) int32, 0 where there is none.
    """
    with np.errstate(all="ignore"):
        margin = (anchor - score) / np.abs(anchor)
    return {
        "score": _told(score, np.mean),
        "relative_margin": _told(margin, np.median),
        "rank": _told(rank[rank > 0].astype(np.float64), np.mean),
    }


def _told(values: Numbers, average: Callable[[Numbers], np.floating[Any]]) -> float | None:
    finite = values[np.isfinite(values)]
    return round(float(average(finite)), 5) if len(finite) else None
