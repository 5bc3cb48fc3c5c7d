"""Paired tests of systems against a baseline over the same queries.

Randomisation: Smucker, Allan and Carterette, CIKM 2007. Correction of many tests: Holm, 1979.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from hardneg.core.statistics import RESAMPLES, Floats, Interval, bootstrap_mean, scipy_stats

_BATCH = 500


class PairedTest(NamedTuple):
    """Tests of one system against a baseline over the same queries.

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

    def as_dict(self) -> dict[str, Any]:
        """Returns plain data, for JSON."""
        return {**self._asdict(), "difference": self.difference._asdict()}


def paired_tests(systems: Sequence[Floats], baseline: Floats, seed: int) -> list[PairedTest]:
    """Returns the tests of each system against the baseline; values are (n_queries,) in the same order."""
    differences = [system - baseline for system in systems]
    randomised = [_randomisation(difference, seed) for difference in differences]
    corrected = holm(randomised)
    return [
        PairedTest(bootstrap_mean(difference, seed), p, _t(difference), p_corrected)
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


def _randomisation(difference: Floats, seed: int) -> float:
    """Returns the two-sided p of flipping the signs of (n_queries,) differences, exact for few queries."""
    if not difference.any():
        return 1.0
    result = scipy_stats().permutation_test(
        (difference,),
        lambda values, axis: np.abs(values.mean(axis=axis)).round(15),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def _t(difference: Floats) -> float:
    if len(difference) < 2 or not difference.any():
        return 1.0
    spread = difference.std(ddof=1)
    if not spread:
        return 0.0
    t = difference.mean() / (spread / np.sqrt(len(difference)))
    return float(2 * scipy_stats().t.sf(abs(t), len(difference) - 1))
