"""From samples of queries to a model: its weights, and how many of the relevant documents are labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hardneg.calibration import logistic
from hardneg.calibration.features import Column, Matrix, features
from hardneg.calibration.frequency import label_frequency
from hardneg.calibration.logistic import Vector
from hardneg.calibration.model import POSITIVE, Model, Sample, chance, compared, everywhere
from hardneg.calibration.reliability import reliability
from hardneg.core.records import BoolArray, IntArray

LEAST_POSITIVES = 20
_EVERYWHERE = 0.9


@dataclass(frozen=True)
class ColumnGroups:
    """The columns of some samples, by how much of them is known.

    Attributes:
        seen: Known of nearly every candidate, and of nearly every labelled one with its own label hidden.
        unseen: Known of nearly every candidate, but of too few labelled ones: a lone positive has no other
            to be like.
        rare: Known of some candidates alone, as a cross-encoder's scores of the first ranks.
    """

    seen: tuple[Column, ...]
    unseen: tuple[Column, ...]
    rare: tuple[Column, ...]

    @classmethod
    def of(cls, samples: Sequence[Sample], columns: Sequence[Column]) -> ColumnGroups:
        """Returns the columns of which anything is known."""
        unlabelled = [compared(*sample) for sample in samples]
        own = [labelled(sample) for sample in samples]
        shares = [(c, _coverage(samples, c, unlabelled), _coverage(samples, c, own)) for c in columns]
        common = [(column, seen) for column, share, seen in shares if share >= _EVERYWHERE]
        return cls(
            tuple(column for column, seen in common if seen >= _EVERYWHERE),
            tuple(column for column, seen in common if seen < _EVERYWHERE),
            tuple(c._replace(rare=True) for c, share, _ in shares if 0 < share < _EVERYWHERE),
        )


class _Rows(NamedTuple):
    """All that can be learned from: features (n, n_features), labels (n,), queries (n,)."""

    features: Matrix
    labelled: BoolArray
    queries: IntArray


def learn(
    samples: Sequence[Sample], seen: Sequence[Column], unseen: Sequence[Column]
) -> tuple[Model, dict[str, Any]] | None:
    """Returns a model and what to tell of it; None where too few labelled candidates are known.

    Weights are fitted to what is seen of labelled and unlabelled candidates alike. The unseen gets the weight
    expected of it, as a multiple that the others suggest; it says which candidates are more likely relevant
    and leaves alone how many are.

    Args:
        samples: Blocks of queries.
        seen: Columns that labelled candidates have.
        unseen: Columns that too few of them have.
    """
    own, more = ([_scaled(samples, column) for column in some] for some in (seen, unseen))
    rows = _rows(samples, [*own, *more])
    if int(rows.labelled.sum()) < LEAST_POSITIVES:
        return None
    priors, flags = _expected(own)
    fitted = logistic.fit(rows.features[:, : len(priors)], rows.labelled, rows.queries, priors, flags)
    frequency = label_frequency(fitted.logits, rows.labelled)
    told = reliability(fitted.logits, chance(fitted.logits, frequency), rows.labelled, frequency)
    expected = logistic.multiple(fitted.weights, priors, flags) * _expected(more)[0]
    shift = _shift(rows, fitted, expected, frequency)
    weights = (*fitted.weights.tolist(), *expected.tolist())
    return Model((*own, *more), fitted.intercept + shift, weights, frequency, fitted.strength), told


def labelled(sample: Sample) -> BoolArray:
    """Returns the positives that a ranker retrieved: had they no label, they would be candidates."""
    return np.asarray((sample.status == POSITIVE) & (sample.candidates.ranks > 0))


def _shift(rows: _Rows, fitted: logistic.Fitted, expected: Vector, frequency: float) -> float:
    """Returns what to add to the log-odds so that expected weights leave as many relevant."""
    from scipy.optimize import brentq

    if not expected.any():
        return 0.0
    own, more = np.split(rows.features[~rows.labelled], [len(fitted.weights)], axis=1)
    plain = logistic.log_odds(own, fitted.intercept, fitted.weights)
    moved = plain + more @ expected
    wanted = chance(plain, frequency).sum()
    return float(brentq(lambda shift: float(chance(moved + shift, frequency).sum() - wanted), -50, 50))


def _rows(samples: Sequence[Sample], columns: Sequence[Column]) -> _Rows:
    found = [_of_sample(sample, columns) for sample in samples]
    return _Rows(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _of_sample(sample: Sample, columns: Sequence[Column]) -> _Rows:
    candidates, own, others = sample.candidates, labelled(sample), compared(*sample)
    used = (own | others) & everywhere(candidates, columns)
    queries = np.broadcast_to(candidates.queries[:, None], candidates.shape)
    return _Rows(features(candidates, columns, others)[used], own[used], queries[used])


def _expected(columns: Sequence[Column]) -> tuple[Vector, BoolArray]:
    """Returns the weights expected of the columns' features, and which of them are flags."""
    priors = [prior for column in columns for prior in column.priors]
    return np.array(priors, np.float64), np.array([flag for c in columns for flag in c.flags], bool)


def _coverage(samples: Sequence[Sample], column: Column, of: Sequence[BoolArray]) -> float:
    """Returns the share of some candidates of which a column tells something; 0 of none."""
    if column.kind == "flag":
        return 1.0
    known = [~np.isnan(column.values(s.candidates))[some] for s, some in zip(samples, of, strict=True)]
    joined = np.concatenate(known)
    return float(joined.mean()) if len(joined) else 0.0


def _scaled(samples: Sequence[Sample], column: Column) -> Column:
    values = [column.values(s.candidates)[compared(*s)] for s in samples]
    return column.scaled_to(np.concatenate(values))
