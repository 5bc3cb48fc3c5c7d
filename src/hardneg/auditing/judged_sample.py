"""The audit method `judged_sample`: verdicts on a random sample of the negatives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hardneg.auditing.estimate import Estimate
from hardneg.auditing.negatives import Negatives
from hardneg.auditing.sample import Drawn
from hardneg.core.statistics import Floats, rate_interval

_LEAST = 10


def estimate(
    negatives: Negatives, sampled: Mapping[Drawn, int], judged: Mapping[tuple[str, str], float]
) -> Estimate | None:
    """Returns the rate by the verdicts on a sample; None where there are fewer than 10.

    Within each stratum the mean difference of verdict and probability corrects the mean probability: the
    estimate is unbiased however wrong the probabilities are, and varies the less the better they are.

    Args:
        negatives: The run's negatives.
        sampled: The sample: for each negative the size of its stratum.
        judged: Share of judges who find a (query_id, doc_id) relevant.

    Source: the difference estimator, Särndal, Swensson and Wretman, Model Assisted Survey Sampling, 6.3.
    """
    places = {pair: place for place, pair in enumerate(negatives.ids)}
    probabilities = np.nan_to_num(negatives.probability, nan=0.0)
    by_stratum: dict[str, list[tuple[float, float]]] = {}
    for item in sampled:
        pair = (item.query_id, item.doc_id)
        if pair in judged and pair in places:
            values = (judged[pair], float(probabilities[places[pair]]))
            by_stratum.setdefault(item.stratum, []).append(values)
    count = sum(map(len, by_stratum.values()))
    if count < _LEAST:
        return None
    sizes = {item.stratum: size for item, size in sampled.items()}
    correction, variance = _correction({name: np.array(rows) for name, rows in by_stratum.items()}, sizes)
    rate = min(max(float(probabilities.mean()) + correction, 0.0), 1.0)
    low, high = rate_interval(rate, variance, count)
    unused = len(judged) - count
    notes = (f"{unused} more verdicts are not on the sample and do not count here",) if unused else ()
    return Estimate("judged_sample", rate, low, high, count, notes)


def _correction(by_stratum: Mapping[str, Floats], sizes: Mapping[str, int]) -> tuple[float, float]:
    """Returns the mean difference of verdicts and probabilities over all strata, and its variance.

    Strata without a verdict take the difference and the spread of all. Equal verdicts do not show that there
    are no others: the variance is at least that of a rate with half a verdict more of each kind.

    Args:
        by_stratum: For each stratum (n, 2) float64, shares of judges who find relevant, and probabilities.
        sizes: The number of negatives in each stratum.
    """
    pooled = np.concatenate(list(by_stratum.values()))
    total, correction, variance = sum(sizes.values()), 0.0, 0.0
    for name, size in sizes.items():
        rows = by_stratum.get(name, pooled)
        difference = rows[:, 0] - rows[:, 1]
        smoothed = (rows[:, 0].sum() + 0.5) / (len(rows) + 1)
        spread = max(float(difference.var(ddof=1)) if len(rows) > 1 else 0.0, smoothed * (1 - smoothed))
        unsampled = max(1 - len(rows) / size, 0.0) if name in by_stratum else 1.0
        correction += size / total * float(difference.mean())
        variance += (size / total) ** 2 * unsampled * spread / len(rows)
    return correction, float(variance)
