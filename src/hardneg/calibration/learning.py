"""From samples of queries to a model of the probability that an unlabelled candidate is relevant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hardneg.calibration import logistic
from hardneg.calibration.features import Column, Matrix, Sample, complete, features
from hardneg.calibration.label_frequency import label_frequency, relevance_probability, reliability
from hardneg.calibration.logistic import Vector
from hardneg.core.records import BoolArray, IntArray

MIN_POSITIVES = 20
_MIN_COVERAGE = 0.9


@dataclass(frozen=True)
class Model:
    """A fitted model over some columns, which are scaled.

    Attributes:
        intercept: Log-odds of being labelled where all features are 0.
        weights: The features' weights, in the order of the columns.
        frequency: The share of relevant documents that are labelled.
        strength: The strength of the penalty on departures from the prior weights.
    """

    columns: tuple[Column, ...]
    intercept: float
    weights: tuple[float, ...]
    frequency: float
    strength: float

    def probability(self, sample: Sample) -> Vector:
        """Returns (n_queries, depth) float64: the probability of being relevant if unlabelled."""
        rows = features(sample.candidates, self.columns, sample.unlabelled)
        logits = logistic.log_odds(rows, self.intercept, np.array(self.weights))
        return relevance_probability(logits, self.frequency)


@dataclass(frozen=True)
class ColumnGroups:
    """The columns of some samples, by how many candidates have a value.

    Attributes:
        observed: Nearly every candidate has one, and nearly every positive with its own label hidden.
        unlabelled_only: Nearly every candidate has one, but too few positives: the only positive of a query
            has no similarity to other positives.
        sparse: Only some candidates have one, as a cross-encoder's scores of the first ranks.
    """

    observed: tuple[Column, ...]
    unlabelled_only: tuple[Column, ...]
    sparse: tuple[Column, ...]

    @classmethod
    def of(cls, samples: Sequence[Sample], columns: Sequence[Column]) -> ColumnGroups:
        """Returns the columns in which any candidate has a value."""
        unlabelled, positives = [s.unlabelled for s in samples], [s.positives for s in samples]
        shares = [(c, _coverage(samples, c, unlabelled), _coverage(samples, c, positives)) for c in columns]
        common = [(column, share) for column, all_, share in shares if all_ >= _MIN_COVERAGE]
        return cls(
            tuple(column for column, share in common if share >= _MIN_COVERAGE),
            tuple(column for column, share in common if share < _MIN_COVERAGE),
            tuple(c._replace(sparse=True) for c, share, _ in shares if 0 < share < _MIN_COVERAGE),
        )


class _Rows(NamedTuple):
    """The rows to fit: features (n, n_features), labels (n,), queries (n,)."""

    features: Matrix
    labelled: BoolArray
    queries: IntArray


def fit_model(
    samples: Sequence[Sample], observed: Sequence[Column], unlabelled_only: Sequence[Column]
) -> tuple[Model, dict[str, Any]] | None:
    """Returns (model, its reliability), None with too few positives.

    Weights are fitted to the columns that positives and unlabelled candidates have alike. The others get
    their prior weight, by the multiple that the fitted weights suggest: they order the candidates, and leave
    the expected number of relevant ones unchanged.
    """
    fitted_columns = [_scaled(samples, column) for column in observed]
    other_columns = [_scaled(samples, column) for column in unlabelled_only]
    rows = _rows(samples, [*fitted_columns, *other_columns])
    if int(rows.labelled.sum()) < MIN_POSITIVES:
        return None
    priors, flags = _priors(fitted_columns)
    fitted = logistic.fit(rows.features[:, : len(priors)], rows.labelled, rows.queries, priors, flags)
    frequency = label_frequency(fitted.logits, rows.labelled)
    probability = relevance_probability(fitted.logits, frequency)
    quality = reliability(fitted.logits, probability, rows.labelled, frequency)
    other_weights = logistic.multiple(fitted.weights, priors, flags) * _priors(other_columns)[0]
    intercept = fitted.intercept + _intercept_shift(rows, fitted, other_weights, frequency)
    weights = (*fitted.weights.tolist(), *other_weights.tolist())
    return Model((*fitted_columns, *other_columns), intercept, weights, frequency, fitted.strength), quality


def _intercept_shift(rows: _Rows, fitted: logistic.Fitted, other_weights: Vector, frequency: float) -> float:
    """Returns what to add to the intercept so that the expected number of relevant candidates stays."""
    from scipy.optimize import brentq

    if not other_weights.any():
        return 0.0
    own, more = np.split(rows.features[~rows.labelled], [len(fitted.weights)], axis=1)
    plain = logistic.log_odds(own, fitted.intercept, fitted.weights)
    moved = plain + more @ other_weights
    wanted = relevance_probability(plain, frequency).sum()

    def excess(shift: float) -> float:
        return float(relevance_probability(moved + shift, frequency).sum() - wanted)

    return float(brentq(excess, -50, 50))


def _rows(samples: Sequence[Sample], columns: Sequence[Column]) -> _Rows:
    parts = [_rows_of(sample, columns) for sample in samples]
    return _Rows(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _rows_of(sample: Sample, columns: Sequence[Column]) -> _Rows:
    candidates, positives, unlabelled = sample.candidates, sample.positives, sample.unlabelled
    used = (positives | unlabelled) & complete(candidates, columns)
    queries = np.broadcast_to(candidates.queries[:, None], candidates.shape)
    return _Rows(features(candidates, columns, unlabelled)[used], positives[used], queries[used])


def _priors(columns: Sequence[Column]) -> tuple[Vector, BoolArray]:
    """Returns the prior weights of the columns' features, and which of them are flags."""
    priors = [prior for column in columns for prior in column.priors]
    return np.array(priors, np.float64), np.array([flag for c in columns for flag in c.flags], bool)


def _coverage(samples: Sequence[Sample], column: Column, masks: Sequence[BoolArray]) -> float:
    """Returns the share of the candidates of masks that have a value in a column; 0 of none."""
    if column.kind == "flag":
        return 1.0
    present = [~np.isnan(column.values(s.candidates))[mask] for s, mask in zip(samples, masks, strict=True)]
    joined = np.concatenate(present)
    return float(joined.mean()) if len(joined) else 0.0


def _scaled(samples: Sequence[Sample], column: Column) -> Column:
    return column.scaled_to(np.concatenate([column.values(s.candidates)[s.unlabelled] for s in samples]))
