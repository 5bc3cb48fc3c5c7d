"""How many of the relevant documents are labelled: what positive-unlabelled learning has to know."""

from __future__ import annotations

import math

import numpy as np

from hardneg.calibration.logistic import Vector
from hardneg.core.records import BoolArray
from hardneg.core.statistics import wilson

_LEAST = 20
_Z = 1.2816  # one-sided 90 %


def label_frequency(logits: Vector, labelled: BoolArray) -> float:
    """Returns the share of relevant documents that are labelled, as far as can be told: 0 to 1.

    Among any candidates the share of the labelled is at most the frequency, and equals it where all are
    relevant. So the frequency is at least the labelled share of the candidates with the most evidence,
    however many of them are taken. The highest such share is returned, less its sampling error, so that a few
    lucky labels do not make the probabilities too low.

    Args:
        logits: (n,) float64, the evidence.
        labelled: (n,) bool.

    Source: the bound of TIcE (Bekker and Davis, AAAI 2018), on the order of one score in place of a tree.
    """
    order = np.argsort(-logits, kind="stable")
    taken = np.arange(1, len(order) + 1)
    hits = np.cumsum(labelled[order])
    low = wilson(hits, taken, _Z)[0]
    return float(low[min(_LEAST, len(low)) - 1 :].max())


def relevant_odds(frequency: float) -> float:
    """Returns the log of how many relevant documents are unlabelled for each labelled one."""
    bounded = min(max(frequency, 1e-6), 1 - 1e-6)
    return math.log((1 - bounded) / bounded)
