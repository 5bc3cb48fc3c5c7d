"""The scores of several teachers as one, which rules and draws read like those of a ranker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hardneg.core.records import Candidates

Stacked = npt.NDArray[np.float64]


def combined(candidates: Candidates, how: str, teachers: Sequence[str]) -> Candidates:
    """Returns candidates with the teachers' scores as one, by which they are ranked too; others as they are.

    What any teacher does not score has no score.

    Args:
        candidates: The pool of a block.
        how: A name in `COMBINED`; any other leaves the candidates as they are.
        teachers: The rankers whose scores are combined.
    """
    if how not in COMBINED:
        return candidates
    stacked = np.stack([candidates.scores[name].astype(np.float64) for name in teachers])
    scores = np.where(candidates.docs >= 0, COMBINED[how](stacked), np.nan).astype(np.float32)
    return replace(candidates, scores={**candidates.scores, how: scores}, scorer=how, order=how)


def _zscore(stacked: Stacked) -> Stacked:
    """Returns (n, depth): the mean of scores that have mean 0 and deviation 1 in a row by each teacher."""
    present = ~np.isnan(stacked)
    count = np.maximum(present.sum(axis=2, keepdims=True), 1)
    mean = np.where(present, stacked, 0.0).sum(axis=2, keepdims=True) / count
    deviation = np.sqrt(np.where(present, stacked - mean, 0.0) ** 2 @ np.ones((stacked.shape[2], 1)) / count)
    scaled = (stacked - mean) / np.where(deviation > 0, deviation, 1.0)
    return np.asarray(scaled.mean(axis=0))


COMBINED: Mapping[str, Callable[[Stacked], Stacked]] = {
    "mean": lambda stacked: np.asarray(stacked.mean(axis=0)),
    "min": lambda stacked: np.asarray(stacked.min(axis=0)),
    "zscore": _zscore,
}
"""By the value of `select.ensemble`, which is also what the scores are called."""
