"""A false-negative rate with its interval, by the calibrated probabilities or by verdicts on a sample."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from hardneg.auditing.negatives import Negatives
from hardneg.auditing.sample import Drawn
from hardneg.core.statistics import CONFIDENCE, Floats, rate_interval

_LEAST_VERDICTS = 10


@dataclass(frozen=True)
class Estimate:
    """An estimated false-negative rate, 0.05 = 5 %, with its 95 % interval.

    Behind it are `judged` verdicts, hidden positives, or labelled positives; `notes` are for readers.
    """

    method: str
    rate: float
    low: float
    high: float
    judged: int
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Returns plain data for `audit.json`."""
        numbers = {name: round(getattr(self, name), 5) for name in ("rate", "low", "high")}
        return {
            "method": self.method,
            **numbers,
            "confidence": CONFIDENCE,
            "judged": self.judged,
            "notes": [*self.notes],
        }


def calibrated(negatives: Negatives) -> Estimate | None:
    """Returns the mean probability of the negatives; None where there are no probabilities."""
    known = ~np.isnan(negatives.probability)
    if not negatives.estimable or not known.any():
        return None
    note = "the interval is that of the queries' draw; it does not know whether calibration holds"
    return Estimate("calibrated", *negatives.mean_probability(known), negatives.labelled, (note,))


def judged_sample(
    negatives: Negatives,
    sampled: Mapping[Drawn, int],
    judged: Mapping[tuple[str, str], float],
    by_models: Set[tuple[str, str]] = frozenset(),
) -> Estimate | None:
    """Returns the rate by the verdicts on a sample; None where there are fewer than 10.

    The sample has for each negative the size of its stratum, `judged` the share of judges who find a
    (query_id, doc_id) relevant. Within each stratum the mean difference of verdict and probability corrects
    the mean probability: the estimate is unbiased however wrong the probabilities are, and varies the less
    the better they are. Verdicts count as the truth: a note says how many are `by_models` alone, which err.

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
    models = sum((item.query_id, item.doc_id) in by_models for item in sampled)
    if count < _LEAST_VERDICTS:
        return None
    sizes = {item.stratum: size for item, size in sampled.items()}
    correction, variance = _correction({name: np.array(rows) for name, rows in by_stratum.items()}, sizes)
    rate = min(max(float(probabilities.mean()) + correction, 0.0), 1.0)
    whole = variance == 0  # every negative is judged
    low, high = (rate, rate) if whole else rate_interval(rate, variance, count)
    unused = len(judged) - count
    notes = [f"{unused} more verdicts are not on the sample and do not count here"] if unused else []
    if models:
        notes.append(
            f"{models} verdicts are by models alone: their errors are in the rate, not in the interval"
        )
    return Estimate("judged_sample", rate, low, high, count, tuple(notes))


def discrimination(calibration: Mapping[str, Any]) -> dict[str, float | None]:
    """Returns how well the probabilities tell relevant candidates from others: `auc` and `auc_first_20`."""
    return {name: calibration.get(name) for name in ("auc", "auc_first_20")}


def left_out(
    negatives: Negatives, sampled: Mapping[Drawn, int], judged: Mapping[tuple[str, str], float]
) -> str | None:
    """Returns why `judged_sample` makes nothing of the verdicts that there are; None without verdicts."""
    if not judged:
        return None
    drawn = {(item.query_id, item.doc_id) for item in sampled}
    own, on_sample = set(negatives.ids), drawn.intersection(judged)
    if not sampled:
        why = "no random sample was drawn; hardneg audit RUN --sample 200, judge it, and audit again"
    else:
        counted = len(on_sample & own)
        why = f"{counted} of them are on the sample of {len(drawn)} negatives, {_LEAST_VERDICTS} are needed"
        if len(on_sample) > counted:
            why += f"; {len(on_sample) - counted} are on documents that are no negatives of this run any more"
    return f"{len(judged):,} verdicts do not count: {why}"


def _correction(by_stratum: Mapping[str, Floats], sizes: Mapping[str, int]) -> tuple[float, float]:
    """Returns the mean difference of verdicts and probabilities over all strata, and its variance.

    The rows of a stratum, (n, 2) float64, are shares of judges who find relevant, and probabilities. Strata
    without a verdict take the difference and the spread of all. Equal verdicts do not show that there
    are no others: the variance is at least that of a rate with half a verdict more of each kind.
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
