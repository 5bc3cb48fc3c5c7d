"""What verdicts show of the purity where the evidence is strongest, by which all probabilities are scaled."""

from __future__ import annotations

import numpy as np

from hardneg.calibration.logistic import Vector
from hardneg.core.records import FloatArray

MAX_PROBABILITY = 0.99

_SCALES = np.geomspace(1e-3, 1e3, 600)
"""By what all probabilities may have to be multiplied; 2 is a purity of 1, see `label_frequency`."""
_EDGE = 12 / 7
_PRIOR = np.where(_SCALES <= _EDGE, _SCALES, _EDGE * (_EDGE / _SCALES) ** 7)
"""Nearly all purities are as likely as another; higher scales, where the model itself is wrong, ever less.
The mean is 1."""
_HIGH = 0.9

HIGHEST = 1.77
"""The scale that is exceeded with a probability of 10 % before there are any verdicts."""


def scaled(probability: Vector, scale: float) -> Vector:
    """Returns probabilities multiplied by a scale, at most 0.99."""
    return np.asarray(np.minimum(probability * scale, MAX_PROBABILITY))


def scales(probability: Vector, shares: FloatArray) -> tuple[float, float]:
    """Returns the scale that verdicts suggest, and the one that is exceeded with a probability of 10 %.

    The first is the mean over all scales, each as likely as the verdicts make it, so that a handful of
    verdicts moves it by what it is worth.

    Args:
        probability: (n,) float64, the probabilities of the judged pairs, unscaled.
        shares: (n,) float32, the share of judges who find each relevant.
    """
    log_likelihood = np.log(_PRIOR)
    for known, share in zip(probability, shares, strict=True):
        expected = np.minimum(max(known, 1e-9) * _SCALES, MAX_PROBABILITY)
        log_likelihood = log_likelihood + share * np.log(expected) + (1 - share) * np.log1p(-expected)
    weights = np.exp(log_likelihood - log_likelihood.max())
    weights /= weights.sum()
    high = _SCALES[min(int(np.searchsorted(np.cumsum(weights), _HIGH)), len(_SCALES) - 1)]
    return float(weights @ _SCALES), float(high)
