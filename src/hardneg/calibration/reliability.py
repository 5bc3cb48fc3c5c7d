"""How well estimated probabilities hold, as far as known positives hidden in turn can tell."""

from __future__ import annotations

from typing import Any

import numpy as np

from hardneg.calibration.logistic import Vector
from hardneg.core.records import BoolArray

_BINS = 10


def reliability(logits: Vector, probability: Vector, labelled: BoolArray, frequency: float) -> dict[str, Any]:
    """Returns `reliability`, `calibration_error` and `auc`, for run.json.

    Where one of `frequency` relevant documents is labelled, each labelled one stands for
    `(1 - frequency) / frequency` unlabelled ones: so many are taken to be relevant among the unlabelled
    candidates of a bin, and compared with the mean probability there.

    Args:
        logits: (n,) float64, each from a model that did not see the row's query.
        probability: (n,) float64, of being relevant if unlabelled.
        labelled: (n,) bool.
        frequency: The share of relevant documents that are labelled.
    """
    edges = np.linspace(0, 1, _BINS + 1)
    places = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    rows = []
    for place in range(_BINS):
        unlabelled = (places == place) & ~labelled
        count = int(unlabelled.sum())
        if count:
            stands_for = int((labelled & (places == place)).sum()) * (1 - frequency) / max(frequency, 1e-6)
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
        "auc": _auc(logits, probability, labelled),
    }


def _auc(logits: Vector, probability: Vector, labelled: BoolArray) -> float | None:
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
