"""From evidence to the probability of a false negative, once the weights are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hardneg.calibration import logistic
from hardneg.calibration.features import Column, features
from hardneg.calibration.frequency import relevant_odds
from hardneg.calibration.logistic import Vector
from hardneg.core.records import BoolArray, Candidates, IntArray

POSITIVE, UNLABELLED, LEFT_OUT, NOT_RELEVANT = 1, 0, -1, -2
"""What a candidate is to calibration. Left out are padding, documents judged not relevant, and copies of
positives or of the query."""

_MOST = 0.99


class Sample(NamedTuple):
    """A block of queries from which to learn.

    Attributes:
        candidates: Their pools, with evidence.
        status: (n_queries, depth) int8: `POSITIVE`, `UNLABELLED`, `LEFT_OUT` or `NOT_RELEVANT`: judged so,
            and left out too.
    """

    candidates: Candidates
    status: IntArray


@dataclass(frozen=True)
class Model:
    """A fitted model over some columns.

    Attributes:
        columns: What it reads, scaled.
        intercept: Log-odds of being labelled where all features are 0.
        weights: Of the features, in the order of the columns.
        frequency: The share of relevant documents that are labelled.
        strength: How strongly the weights were held to what was expected.
    """

    columns: tuple[Column, ...]
    intercept: float
    weights: tuple[float, ...]
    frequency: float
    strength: float

    def probability(self, candidates: Candidates, status: IntArray) -> Vector:
        """Returns (n_queries, depth) float64: how likely each candidate is relevant if it is not labelled."""
        rows = features(candidates, self.columns, compared(candidates, status))
        return chance(logistic.log_odds(rows, self.intercept, np.array(self.weights)), self.frequency)


def compared(candidates: Candidates, status: IntArray) -> BoolArray:
    """Returns (n_queries, depth) bool: the unlabelled candidates that have a rank."""
    return np.asarray((status == UNLABELLED) & (candidates.ranks > 0))


def chance(logits: Vector, frequency: float) -> Vector:
    """Returns the probability that an unlabelled candidate is relevant.

    Args:
        logits: Log-odds of being labelled.
        frequency: The share of relevant documents that are labelled.

    Source: Elkan and Noto, KDD 2008, section 4.
    """
    return np.asarray(np.minimum(np.exp(np.minimum(logits + relevant_odds(frequency), 0)), _MOST))


def everywhere(candidates: Candidates, columns: Sequence[Column]) -> BoolArray:
    """Returns (n_queries, depth) bool: where a model over these columns can say something."""
    known = np.asarray(candidates.docs >= 0)
    for column in columns:
        if column.rare:
            known &= ~np.isnan(column.values(candidates))
    return known
