"""The audit method `calibrated`: the mean of the negatives' calibrated probabilities."""

from __future__ import annotations

import numpy as np

from hardneg.auditing.estimate import Estimate
from hardneg.auditing.negatives import Negatives
from hardneg.core.statistics import bootstrap_ratio


def estimate(negatives: Negatives) -> Estimate | None:
    """Returns the mean probability of the negatives; None where there are no probabilities."""
    known = ~np.isnan(negatives.probability)
    if not negatives.estimable or not known.any():
        return None
    _, owners = np.unique(negatives.query[known], return_inverse=True)
    sums = np.bincount(owners.ravel(), negatives.probability[known])
    low, high = bootstrap_ratio(sums, np.bincount(owners.ravel()))
    rate = float(negatives.probability[known].mean())
    note = "the interval is that of the queries' draw; it does not know whether calibration holds"
    return Estimate("calibrated", rate, low, high, negatives.labelled, (note,))
