"""Anchor scores: what margins are measured from."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray

Anchor = Literal["weakest", "pair"]


def anchored(candidates: Candidates, collection: Collection, anchor: Anchor) -> Candidates:
    """Returns the candidates with their anchor scores.

    Args:
        candidates: A pool that holds every positive of its queries; those left out as wrong are none.
        collection: Whose judgments say what is positive.
        anchor: `weakest`: each query's weakest positive that the ranker scores. `pair`: the queries are
            repeated, one row for each of their positives, whose own score is the anchor.
    """
    if anchor == "weakest":
        positive = collection.judgments.relevant.has(candidates.queries, candidates.docs)
        if candidates.noisy is not None:
            positive &= ~candidates.noisy
        weakest = {name: _weakest(scores, positive) for name, scores in candidates.scores.items()}
        return replace(candidates, positive=weakest, pair=None)
    positives = [collection.judgments.positives(int(query)) for query in candidates.queries]
    rows = np.repeat(np.arange(len(positives)), [len(docs) for docs in positives])
    paired = candidates.take(rows)
    pair = np.concatenate([*positives, np.empty(0, np.int32)]).astype(np.int32)
    own = paired.docs == pair[:, None]
    if paired.noisy is not None:
        wrong = (own & paired.noisy).any(axis=1)
        first = np.r_[True, rows[1:] != rows[:-1]]
        lost = np.bincount(rows, ~wrong, len(positives))[rows] == 0
        kept = np.flatnonzero(~wrong | (first & lost))  # a query that loses all keeps a row
        paired, pair, own = paired.take(kept), pair[kept], own[kept]
    return replace(
        paired, positive={name: _weakest(scores, own) for name, scores in paired.scores.items()}, pair=pair
    )


def _weakest(scores: FloatArray, positive: BoolArray) -> FloatArray:
    """Returns (n,) float32: the lowest score of the positives, NaN if none has one."""
    scored = positive & ~np.isnan(scores)
    lowest = np.where(scored, scores, np.inf).min(axis=1, initial=np.inf)
    return np.where(np.isinf(lowest), np.nan, lowest).astype(np.float32)
