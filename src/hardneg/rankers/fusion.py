"""Fuses the lists of several rankers into one order.

Each function returns (n_queries, depth) float64 of two such arrays for each ranker: ranks, int32, from 1 in
its list and 0 where a document is not in it; and scores, float32, which count only for documents in its list.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hardneg.core.records import FloatArray, IntArray

Fused = npt.NDArray[np.float64]


def rrf(ranks: Sequence[IntArray], scores: Sequence[FloatArray], k: int = 60) -> Fused:
    """Reciprocal-rank fusion, the sum of `1 / (k + rank)`: a larger k makes the first ranks count less.

    Source: Cormack, Clarke and Büttcher, SIGIR 2009.
    """
    return np.asarray(np.sum([np.where(r > 0, 1.0 / (k + np.maximum(r, 1)), 0.0) for r in ranks], axis=0))


def minmax(ranks: Sequence[IntArray], scores: Sequence[FloatArray]) -> Fused:
    """The sum of scores, each list's scaled to 0..1 (CombSUM).

    Source: Fox and Shaw, TREC-2, 1993.
    """
    return np.asarray(np.sum([_minmax(_listed(r, s)) for r, s in zip(ranks, scores, strict=True)], axis=0))


def zscore(ranks: Sequence[IntArray], scores: Sequence[FloatArray]) -> Fused:
    """The sum of scores, each list's brought to mean 0, deviation 1; those not listed get its lowest value.

    Source: Montague and Aslam, CIKM 2001.
    """
    return np.asarray(np.sum([_zscore(_listed(r, s)) for r, s in zip(ranks, scores, strict=True)], axis=0))


FUSIONS = {"rrf": rrf, "minmax": minmax, "zscore": zscore}


def _listed(ranks: IntArray, scores: FloatArray) -> Fused:
    return np.asarray(np.where(ranks > 0, scores.astype(np.float64), np.nan))


def _lowest(listed: Fused) -> Fused:
    finite = np.where(np.isnan(listed), np.inf, listed)
    return np.asarray(np.min(finite, axis=1, keepdims=True, initial=np.inf))


def _minmax(listed: Fused) -> Fused:
    low = _lowest(listed)
    width = -_lowest(-listed) - low
    scaled = np.where(width > 0, (listed - low) / np.where(width > 0, width, 1.0), 1.0)
    return np.asarray(np.where(np.isnan(listed), 0.0, scaled))


def _zscore(listed: Fused) -> Fused:
    present = ~np.isnan(listed)
    count = np.maximum(present.sum(axis=1, keepdims=True), 1)
    mean = np.where(present, listed, 0.0).sum(axis=1, keepdims=True) / count
    deviation = np.sqrt(np.where(present, (listed - mean) ** 2, 0.0).sum(axis=1, keepdims=True) / count)
    scaled = (listed - mean) / np.where(deviation > 0, deviation, 1.0)
    low = np.where(present.any(axis=1, keepdims=True), _lowest(scaled), 0.0)
    return np.asarray(np.where(present, scaled, low))
