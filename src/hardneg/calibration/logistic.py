"""A small logistic model, its weights drawn to their priors by a penalty that cross-validation chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hardneg.calibration.features import Matrix
from hardneg.core.records import BoolArray, IntArray

Vector = npt.NDArray[np.float64]

_FOLDS = 5
STRENGTHS = (1e4, 1e3, 1e2, 1e1)
"""Strengths of the penalty to choose from, descending."""


class Fitted(NamedTuple):
    """A fitted model.

    Attributes:
        intercept: Log-odds where all features are 0.
        weights: (n_features,) float64, none below 0: more evidence never makes it less probable.
        strength: The strength of the penalty, chosen by cross-validation.
        logits: (n,) float64, of the rows it was fitted on, each by a model fitted on other queries.
    """

    intercept: float
    weights: Vector
    strength: float
    logits: Vector


def fit(
    rows: Matrix,
    labelled: BoolArray,
    queries: IntArray,
    priors: Vector,
    flags: BoolArray,
    strengths: Sequence[float] = STRENGTHS,
) -> Fitted:
    """Returns the model of the probability that a row is labelled.

    The weights are drawn to a common multiple of the priors (those of flags to the priors themselves) by a
    ridge penalty. Its strength is the greatest whose likelihood on queries left out is within one standard
    error of the best: few data do not move the weights far. A query's rows are left out together.

    Args:
        rows: (n, n_features) float64.
        labelled: (n,) bool.
        queries: (n,) int32.
        priors: (n_features,) float64, the prior weights.
        flags: (n_features,) bool.
        strengths: The strengths to choose from, descending.

    Source: the one-standard-error rule, Breiman et al., Classification and Regression Trees, 1984.
    """
    import scipy.optimize  # noqa: F401  (its BLAS must be loaded to be limited)
    from threadpoolctl import threadpool_limits

    _, places = np.unique(queries, return_inverse=True)
    owners = places.ravel()
    with threadpool_limits(1, user_api="blas"):  # more threads wait for each other: the steps are short
        held_out = [
            _held_out(rows, labelled, owners % _FOLDS, priors, flags, strength) for strength in strengths
        ]
        losses = [np.bincount(owners, _losses(logits, labelled)).astype(float) for logits in held_out]
        best = min(losses, key=lambda loss: float(loss.sum()))
        chosen = next(place for place, loss in enumerate(losses) if _within_one_error(loss, best))
        intercept, weights = _solve(rows, labelled, priors, flags, strengths[chosen])
    return Fitted(intercept, weights, strengths[chosen], held_out[chosen])


def folds(queries: IntArray) -> npt.NDArray[np.intp]:
    """Returns (n,) int: in which fold `fit` leaves out each row."""
    return np.asarray(np.unique(queries, return_inverse=True)[1].ravel() % _FOLDS)


def multiple(weights: Vector, priors: Vector, flags: BoolArray) -> float:
    """Returns the multiple of the priors that is nearest to the weights, flags left out."""
    scaled = priors[~flags]
    return float(weights[~flags] @ scaled) / max(float(scaled @ scaled), 1e-12)


def log_odds(rows: Matrix, intercept: float, weights: Vector) -> Vector:
    """Returns the log-odds of rows (..., n_features), summed in a fixed order."""
    return np.asarray(intercept + (rows * weights).sum(axis=-1))


def sigmoid(logits: Vector) -> Vector:
    """Returns probabilities."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))))


def _held_out(
    rows: Matrix,
    labelled: BoolArray,
    folds: npt.NDArray[np.intp],
    priors: Vector,
    flags: BoolArray,
    strength: float,
) -> Vector:
    """Returns (n,) float64: the log-odds of each row by the model of the other folds."""
    logits = np.empty(len(rows))
    for fold in range(_FOLDS):
        out = folds == fold
        if out.any():
            intercept, weights = _solve(rows[~out], labelled[~out], priors, flags, strength)
            logits[out] = log_odds(rows[out], intercept, weights)
    return logits


def _within_one_error(loss: Vector, best: Vector) -> bool:
    """Returns whether the losses of the queries exceed the best by no more than one standard error."""
    excess = loss - best
    return bool(excess.sum() <= np.sqrt(len(excess)) * excess.std())


def _losses(logits: Vector, labelled: BoolArray) -> Vector:
    return np.asarray(np.logaddexp(0, np.where(labelled, -logits, logits)))


def _solve(
    rows: Matrix, labelled: BoolArray, priors: Vector, flags: BoolArray, strength: float
) -> tuple[float, Vector]:
    """Returns (intercept, weights) of the lowest penalised loss.

    The parameters are the intercept, the multiple of the priors, and the weights.
    """
    from scipy.optimize import minimize

    scaling, fixed = np.where(flags, 0.0, priors), np.where(flags, priors, 0.0)
    labels = labelled.astype(np.float64)

    def loss(parameters: Vector) -> tuple[float, Vector]:
        intercept, multiple, weights = parameters[0], parameters[1], parameters[2:]
        logits = rows @ weights + intercept
        offset = weights - multiple * scaling - fixed
        slope = sigmoid(logits) - labels
        gradient = np.concatenate(
            [[slope.sum()], [-strength * (offset @ scaling)], slope @ rows + strength * offset]
        )
        return float(_losses(logits, labelled).sum()) + 0.5 * strength * float(offset @ offset), gradient

    share = np.clip(labels.mean(), 1e-6, 1 - 1e-6)
    start = np.concatenate([[np.log(share / (1 - share))], [0.5], 0.5 * scaling + fixed])
    bounds = [(None, None)] + [(0.0, None)] * (1 + len(priors))
    solution = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    return float(solution.x[0]), np.asarray(solution.x[2:])
