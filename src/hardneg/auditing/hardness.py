"""The hardness of negatives, without which a low false-negative rate means little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hardneg.core.records import IntArray
from hardneg.core.statistics import Floats

Hardness = dict[str, float | None]


def hardness(score: Floats, anchor: Floats, rank: IntArray) -> Hardness:
    """Returns mean `score`, median `relative_margin` and mean `rank`; None without finite values.

    The margin is a median because it has no bound where the weakest positive scores near zero.

    Args:
        score: (n,) float64, scores of the negatives by one ranker, NaN where there is none.
        anchor: (n,) float64, the anchor scores by the same ranker.
        rank: (n,) int32, 0 where there is none.
    """
    with np.errstate(all="ignore"):
        margin = (anchor - score) / np.abs(anchor)
    return {
        "score": _average(score, np.mean),
        "relative_margin": _average(margin, np.median),
        "rank": _average(rank[rank > 0].astype(np.float64), np.mean),
    }


def _average(values: Floats, average: Callable[[Floats], np.floating[Any]]) -> float | None:
    finite = values[np.isfinite(values)]
    return round(float(average(finite)), 5) if len(finite) else None
