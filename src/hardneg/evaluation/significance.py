"""Is one system better than another, or was it luck? Paired tests over the same queries.

Randomisation: Smucker, Allan and Carterette, CIKM 2007. Correction of many tests: Holm, 1979. Intervals:
the bootstrap of the mean over queries (Sakai, SIGIR 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hardneg.core.errors import MissingExtra

Values = npt.NDArray[np.float64]

RESAMPLES = 10_000
CONFIDENCE = 0.95
_BATCH = 500


class Interval(NamedTuple):
    """A mean with the ends of its interval."""

    mean: float
    low: float
    high: float


class Comparison(NamedTuple):
    """One system against a baseline, over the same queries.

    Attributes:
        difference: Mean difference, with its bootstrap interval.
        p_randomisation: Two-sided p of the paired randomisation test.
        p_t: Two-sided p of the paired t test.
        p_holm: `p_randomisation` corrected for all systems compared with the baseline (Holm).
    """

    difference: Interval
    p_randomisation: float
    p_t: float
    p_holm: float


def interval(values: Values, seed: int) -> Interval:
    """Returns the mean of (n_queries,) values and its 95 % bootstrap interval, percentiles.

    Raises:
        MissingExtra: scipy is not installed.
    """
    mean = float(values.mean())
    if len(values) < 2 or not np.ptp(values):
        return Interval(mean, mean, mean)
    found = (
        _scipy()
        .bootstrap(
            (values,),
            np.mean,
            n_resamples=RESAMPLES,
            batch=_BATCH,
            confidence_level=CONFIDENCE,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
        .confidence_interval
    )
    return Interval(mean, float(found.low), float(found.high))


def compare(systems: Sequence[Values], baseline: Values, seed: int) -> list[Comparison]:
    """Returns each system's comparison with the baseline.

    Args:
        systems: (n_queries,) values each, in the order of the baseline's queries.
        baseline: (n_queries,) values.
        seed: Of the resampling.

    Raises:
        MissingExtra: scipy is not installed.
    """
    differences = [system - baseline for system in systems]
    randomised = [_randomisation(difference, seed) for difference in differences]
    corrected = holm(randomised)
    return [
        Comparison(interval(difference, seed), p, _t(difference), p_corrected)
        for difference, p, p_corrected in zip(differences, randomised, corrected, strict=True)
    ]


def holm(p: Sequence[float]) -> list[float]:
    """Returns p values corrected for their number by Holm's step-down method, in the given order."""
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    largest = 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - place) * p[index]))
        corrected[index] = largest
    return [float(value) for value in corrected]


def _randomisation(difference: Values, seed: int) -> float:
    """Returns the two-sided p of flipping the signs of (n_queries,) differences, exact for few queries."""
    if not difference.any():
        return 1.0
    found = _scipy().permutation_test(
        (difference,),
        lambda values, axis: np.abs(values.mean(axis=axis)).round(15),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def _t(difference: Values) -> float:
    if len(difference) < 2 or not difference.any():
        return 1.0
    spread = difference.std(ddof=1)
    if not spread:
        return 0.0
    t = difference.mean() / (spread / np.sqrt(len(difference)))
    return float(2 * _scipy().t.sf(abs(t), len(difference) - 1))


def _scipy() -> Any:
    try:
        import scipy.stats
    except ImportError:
        raise MissingExtra("scipy", "evaluate") from None
    return scipy.stats
