"""The share of relevant documents that are labelled, the probabilities that follow, their reliability."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hardneg.calibration.logistic import Vector
from hardneg.core.records import BoolArray
from hardneg.core.statistics import wilson

_MIN_CANDIDATES = 20
_Z = 1.2816  # one-sided 90 %
_BINS = 10
_TOP, _BEYOND = 0.5, 0.05


def label_frequency(top_share: float) -> float:
    """Returns the share of relevant documents that are labelled, 0 to 1, by `top_labelled_share`.

    The labelled share of any candidates is the frequency times their purity, the share of them that is
    relevant. Where the evidence is strongest the purity lies between the labelled share (all labels are
    there, and hard negatives look like relevant documents) and 1 (all are relevant, and labels are missing).
    Scores cannot tell the two apart, verdicts can. Without any, each purity in between is as likely as
    another, and their mean is taken: the probability where the evidence is strongest is then 1/2.
    """
    return 2 * top_share / (1 + top_share)


def top_labelled_share(logits: Vector, labelled: BoolArray) -> float:
    """Returns the labelled share of the candidates with the strongest evidence, 0 to 1.

    It is the highest among the first candidates by evidence, however many of them are taken, less its
    sampling error, so that a few lucky labels do not count. The logits, (n,) float64, are the evidence.

    Source: the bound of TIcE (Bekker and Davis, AAAI 2018), on the order of one score in place of a tree.
    """
    order = np.argsort(-logits, kind="stable")
    taken = np.arange(1, len(order) + 1)
    hits = np.cumsum(labelled[order])
    low = wilson(hits, taken, _Z)[0]
    return float(low[min(_MIN_CANDIDATES, len(low)) - 1 :].max())


def unlabelled_log_odds(frequency: float) -> float:
    """Returns the log of how many relevant documents are unlabelled for each labelled one."""
    bounded = min(max(frequency, 1e-6), 1 - 1e-6)
    return math.log((1 - bounded) / bounded)


def relevance_probability(logits: Vector, frequency: float) -> Vector:
    """Returns the probability that an unlabelled candidate is relevant, at most 0.55.

    The logits are the log-odds of being labelled, the frequency the share of relevant documents that are. A
    linear model's logits go on rising where the labelled share does not: beyond 1/2, see `label_frequency`,
    only the order of the candidates is kept.

    Source: Elkan and Noto, KDD 2008, section 4.
    """
    probability = np.exp(np.minimum(logits + unlabelled_log_odds(frequency), 30))
    beyond = _TOP + _BEYOND * (1 - _TOP / np.maximum(probability, _TOP))
    return np.asarray(np.where(probability > _TOP, beyond, probability))


def reliability(logits: Vector, probability: Vector, labelled: BoolArray, frequency: float) -> dict[str, Any]:
    """Returns `reliability`, `calibration_error` and `auc`, for run.json.

    Where one of `frequency` relevant documents is labelled, each labelled one stands for
    `(1 - frequency) / frequency` unlabelled ones: so many are taken to be relevant among the unlabelled
    candidates of a bin, and compared with the bin's mean probability. Each of the logits, (n,) float64, is
    from a model that was not fitted on the row's query.
    """
    edges = np.linspace(0, 1, _BINS + 1)
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    rows = []
    for place in range(_BINS):
        unlabelled = (bins == place) & ~labelled
        count = int(unlabelled.sum())
        if count:
            stands_for = int((labelled & (bins == place)).sum()) * (1 - frequency) / max(frequency, 1e-6)
            rows.append(
                {
                    "low": round(float(edges[place]), 3),
                    "high": round(float(edges[place + 1]), 3),
                    "count": count,
                    "predicted": round(float(probability[unlabelled].mean()), 4),
                    "observed": round(min(stands_for / count, 1.0), 4),
                }
            )
    total = sum(row["count"] for row in rows)
    error = sum(row["count"] * abs(row["predicted"] - row["observed"]) for row in rows) / max(total, 1)
    return {
        "reliability": rows,
        "calibration_error": round(error, 4),
        "auc": auc(logits, probability, labelled),
    }


def auc(logits: Vector, probability: Vector, labelled: BoolArray) -> float | None:
    """Returns the area under the ROC curve of relevant against non-relevant candidates.

    Against the unlabelled it is too low, for some of them are relevant; their estimated share corrects that.

    Source: Menon et al., ICML 2015, section 3.
    """
    positives, others = logits[labelled], np.sort(logits[~labelled])
    if not len(positives) or not len(others):
        return None
    below = (np.searchsorted(others, positives, "left") + np.searchsorted(others, positives, "right")) / 2
    raw = float(below.mean() / len(others))
    share = float(probability[~labelled].mean())
    return round(min(max((raw - share / 2) / (1 - share), 0.0), 1.0), 4)
