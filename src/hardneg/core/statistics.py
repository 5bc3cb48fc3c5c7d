"""Intervals of rates and means."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hardneg.core.errors import MissingExtra

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 10_000
_RATIO_RESAMPLES = 1_000
_BATCH = 500


class Interval(NamedTuple):
    """A mean with the ends of its interval."""

    mean: float
    low: float
    high: float


def wilson(hits: npt.ArrayLike, total: npt.ArrayLike, z: float = 1.959964) -> tuple[Floats, Floats]:
    """Returns the lower and the upper bound of rates (Wilson 1927); 0 and 1 of nothing.

    Args:
        hits: How many of `total`; arrays or numbers.
        total: At least 0.
        z: Standard errors: 1.96 for 95 %.

    Source: Wilson, Journal of the American Statistical Association, 1927.
    """
    count = np.maximum(np.asarray(total, np.float64), 1e-12)
    rate, spread = np.asarray(hits, np.float64) / count, z * z / count
    middle = (rate + spread / 2) / (1 + spread)
    reach = z / (1 + spread) * np.sqrt(np.maximum(rate * (1 - rate) / count + spread / (4 * count), 0))
    nothing = np.asarray(total) == 0
    return np.where(nothing, 0.0, np.maximum(middle - reach, 0)), np.where(
        nothing, 1.0, np.minimum(middle + reach, 1)
    )


def rate_interval(rate: float, variance: float, count: int) -> tuple[float, float]:
    """Returns the 95 % interval of a rate estimated with this variance, by Wilson on the effective sample.

    Args:
        rate: The estimate, 0 to 1.
        variance: Variance of the estimate; 0 where all values of the sample are equal.
        count: Size of the sample: where the variance is 0, the effective sample.

    Source: Korn and Graubard, Survey Methodology 24, 1998, with Wilson's interval in place of the exact one.
    """
    inside = min(max(rate, 0.0), 1.0)
    spread = inside * (1 - inside)
    effective = spread / variance if variance > 0 and spread > 0 else float(count)
    low, high = wilson(inside * effective, effective)
    return float(low), float(high)


def bootstrap_ratio(values: npt.NDArray[Any], totals: npt.NDArray[Any], seed: int = 0) -> tuple[float, float]:
    """Returns the 95 % interval of `sum(values) / sum(totals)` over whole queries drawn with replacement."""
    if not len(values):
        return 0.0, 1.0
    generator = np.random.default_rng(seed)
    rates = np.empty(_RATIO_RESAMPLES)
    for number in range(_RATIO_RESAMPLES):
        drawn = generator.integers(0, len(values), len(values))
        rates[number] = values[drawn].sum() / max(totals[drawn].sum(), 1e-12)
    low, high = np.quantile(rates, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def bootstrap_mean(values: Floats, seed: int) -> Interval:
    """Returns the mean of (n_queries,) values and its 95 % bootstrap interval, percentiles.

    Raises:
        MissingExtra: scipy is not installed.

    Source: Sakai, Evaluating evaluation metrics based on the bootstrap, SIGIR 2006.
    """
    mean = float(values.mean())
    if len(values) < 2 or not np.ptp(values):
        return Interval(mean, mean, mean)
    result = scipy_stats().bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return Interval(mean, float(result.confidence_interval.low), float(result.confidence_interval.high))


def scipy_stats() -> Any:
    """Returns `scipy.stats`."""
    try:
        import scipy.stats
    except ImportError:
        raise MissingExtra("scipy", "evaluate") from None
    return scipy.stats
