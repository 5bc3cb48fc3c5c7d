"""From samples of queries to a model of the probability that an unlabelled candidate is relevant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hardneg.calibration import logistic
from hardneg.calibration.features import Column, Matrix, Sample, complete, features
from hardneg.calibration.label_frequency import (
    auc,
    label_frequency,
    relevance_probability,
    reliability,
    top_labelled_share,
)
from hardneg.calibration.logistic import Vector
from hardneg.core.records import BoolArray, IntArray

MIN_POSITIVES = 20
FIRST = 20
"""The ranks among which negatives are chosen, and discrimination matters."""

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
    """The rows to fit.

    Attributes:
        features: (n, n_features) float64, missing values estimated by the others.
        labelled: (n,) bool.
        queries: (n,) int32.
        ranks: (n,) int32, from 1.
        known: (n,) bool, whether no value is missing.
    """

    features: Matrix
    labelled: BoolArray
    queries: IntArray
    ranks: IntArray
    known: BoolArray

    def where(self, mask: BoolArray) -> _Rows:
        """Returns some of the rows."""
        kept = self.features[mask], self.labelled[mask], self.queries[mask], self.ranks[mask]
        return _Rows(*kept, self.known[mask])


def fit_model(
    samples: Sequence[Sample], observed: Sequence[Column], unlabelled_only: Sequence[Column]
) -> tuple[Model, dict[str, Any]] | None:
    """Returns (model, its reliability), None with too few positives.

    Weights are fitted to the columns that positives and unlabelled candidates have alike; columns that a
    single one of them is better without are left out. The others order the candidates, and leave the expected
    number of relevant ones unchanged.
    """
    fitted_columns = [_scaled(samples, column) for column in observed]
    other_columns = [_scaled(samples, column) for column in unlabelled_only]
    rows = _rows(samples, [*fitted_columns, *other_columns])
    if int(rows.labelled.sum()) < MIN_POSITIVES:
        return None
    fitted, first = _best_fit(rows, fitted_columns), rows.ranks <= FIRST
    top_share = top_labelled_share(fitted.logits, rows.labelled)
    frequency = label_frequency(top_share)
    probability = relevance_probability(fitted.logits, frequency)
    quality = {
        "top_labelled_share": top_share,
        **reliability(fitted.logits, probability, rows.labelled, frequency),
        "auc_first_20": auc(fitted.logits[first], probability[first], rows.labelled[first]),
    }
    weights = _all_weights(rows, fitted, fitted_columns, other_columns)
    intercept = fitted.intercept + _intercept_shift(rows, fitted, weights, frequency)
    columns = (*fitted_columns, *other_columns)
    return Model(columns, intercept, tuple(weights.tolist()), frequency, fitted.strength), quality


def _best_fit(rows: _Rows, columns: Sequence[Column]) -> logistic.Fitted:
    """Returns the model of all columns, or of the one that alone orders the first ranks better.

    A single column is taken where its concordance among the first ranks, on queries left out, is above that
    of all by more than one standard error over the queries. Its model has weights of 0 for the others. One
    that orders them no better by its prior weights is not fitted, which takes as long as fitting all.
    """
    fitted, near = _fit(rows, columns, range(len(columns))), rows.ranks <= FIRST
    first = rows.where(near)
    if len(columns) < 2 or not first.labelled.any():
        return fitted
    combined = _concordance(fitted.logits[near], first)
    best, best_gain = fitted, 0.0
    for place, column in enumerate(columns):
        by_prior = _concordance(_prior_order(first, columns, place), first)
        if column.kind == "flag" or by_prior.sum() <= combined.sum():
            continue
        alone = _fit(rows, columns, [place])
        gains = _concordance(alone.logits[near], first) - combined
        if gains.sum() > max(best_gain, float(np.sqrt(len(gains)) * gains.std())):
            best, best_gain = alone, float(gains.sum())
    return best


def _prior_order(rows: _Rows, columns: Sequence[Column], place: int) -> Vector:
    """Returns (n,) float64: the order of rows by the prior weights of one column."""
    begin = sum(len(column.priors) for column in columns[:place])
    priors = np.array(columns[place].priors)
    return np.asarray(rows.features[:, begin : begin + len(priors)] @ priors)


def _fit(rows: _Rows, columns: Sequence[Column], chosen: Sequence[int]) -> logistic.Fitted:
    """Returns the model of the chosen columns, with weights of 0 for the others."""
    used = np.concatenate([[place in chosen] * len(c.priors) for place, c in enumerate(columns)]).astype(bool)
    priors, flags = _priors([columns[place] for place in chosen])
    features = rows.features[:, : len(used)][:, used]
    fitted = logistic.fit(features, rows.labelled, rows.queries, priors, flags)
    weights = np.zeros(len(used))
    weights[used] = fitted.weights
    return fitted._replace(weights=weights)


def _concordance(logits: Vector, rows: _Rows) -> Vector:
    """Returns by query with a label the sum over its labelled rows of the share of others scored below."""
    others = np.sort(logits[~rows.labelled])
    own = logits[rows.labelled]
    below = np.searchsorted(others, own, "left") + np.searchsorted(others, own, "right")
    queries = np.unique(rows.queries[rows.labelled], return_inverse=True)[1].ravel()
    return np.bincount(queries, below / (2 * max(len(others), 1))).astype(np.float64)


def _all_weights(
    rows: _Rows, fitted: logistic.Fitted, columns: Sequence[Column], others: Sequence[Column]
) -> Vector:
    """Returns the weights of all features, those of columns included that most positives have no value in.

    Where queries with several positives are many enough to show what those columns are worth, all weights
    are fitted on these queries. If not, the columns keep their prior weights, by the multiple at which
    columns of the same kind kept theirs.
    """
    if not others:
        return fitted.weights
    shown = rows.where(rows.known & np.isin(rows.queries, rows.queries[rows.known & rows.labelled]))
    if int(shown.labelled.sum()) >= MIN_POSITIVES:
        return _fit(shown, [*columns, *others], range(len(columns) + len(others))).weights
    priors = _priors(columns)[0]
    kinds = np.array([column.kind for column in columns for _ in column.priors])
    weights = [fitted.weights]
    for column in others:
        alike = kinds == column.kind if column.kind in kinds else kinds != "flag"
        multiple = logistic.multiple(fitted.weights, priors, ~alike)
        weights.append(multiple * np.array(column.priors))
    return np.concatenate(weights)


def _intercept_shift(rows: _Rows, fitted: logistic.Fitted, weights: Vector, frequency: float) -> float:
    """Returns what to add to the intercept so that the expected number of relevant candidates stays."""
    from scipy.optimize import brentq

    features = rows.features[~rows.labelled]
    plain = logistic.log_odds(features[:, : len(fitted.weights)], fitted.intercept, fitted.weights)
    moved = logistic.log_odds(features, fitted.intercept, weights)
    if np.array_equal(plain, moved):
        return 0.0
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
    known = np.ones(candidates.shape, bool)
    for column in columns:
        known &= (column.kind == "flag") | ~np.isnan(column.values(candidates))
    return _Rows(
        features(candidates, columns, unlabelled)[used],
        positives[used],
        queries[used],
        candidates.ranks[used],
        known[used],
    )


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
