"""From scores and evidence to features of one scale, whatever model or collection they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from hardneg.core.records import BoolArray, Candidates, FloatArray, IntArray

Matrix = npt.NDArray[np.float64]
Kind = Literal["absolute", "alone", "relative", "flag"]

POSITIVE, UNLABELLED, LEFT_OUT, NOT_RELEVANT = 1, 0, -1, -2
"""The status of a candidate. Left out are padding, documents judged not relevant, and copies of positives or
of the query."""

_QUERY_SHARE = 0.5
_RELATIVE_SHARE = 0.7
_SCALES = {"absolute": ("all", "query"), "alone": ("all",), "relative": ("query",), "flag": ("flag",)}
"""What each feature of a column is compared with: all candidates, those of the query, or nothing."""


class Sample(NamedTuple):
    """A block of queries to learn from: candidates with evidence, their status (n_queries, depth) int32."""

    candidates: Candidates
    status: IntArray

    @property
    def positives(self) -> BoolArray:
        """(n_queries, depth) bool, the positives that a ranker retrieved."""
        return np.asarray((self.status == POSITIVE) & (self.candidates.ranks > 0))

    @property
    def unlabelled(self) -> BoolArray:
        """(n_queries, depth) bool, the unlabelled candidates that a ranker retrieved."""
        return np.asarray((self.status == UNLABELLED) & (self.candidates.ranks > 0))


class Column(NamedTuple):
    """A score or a validator's evidence, and how it is read.

    An `absolute` score means the same for every query, as a cosine does: it is compared with all candidates
    and with those of its query; one that is `alone` only with all, as few of its query have one. A
    `relative` one, as BM25's, is compared with those of its query alone. A `flag` is 0 where there is nothing
    and 1 where it is certain.

    Attributes:
        source: Where its values are stored.
        name: The ranker's or the validator's.
        kind: How it is read.
        weight: The prior weight: log-odds per standard deviation, or of a flag.
        mean: Mean of the values of all candidates.
        deviation: Standard deviation of the same.
        sparse: Whether only some candidates have a value.
    """

    source: Literal["scores", "evidence"]
    name: str
    kind: Kind
    weight: float
    mean: float = 0.0
    deviation: float = 1.0
    sparse: bool = False

    def values(self, candidates: Candidates) -> FloatArray:
        """Returns (n_queries, depth) float32, NaN where there is no value."""
        return candidates.scores[self.name] if self.source == "scores" else candidates.evidence[self.name]

    @property
    def priors(self) -> list[float]:
        """The prior weight of each of its features."""
        if self.kind == "absolute":
            return [self.weight, _QUERY_SHARE * self.weight]
        return [_RELATIVE_SHARE * self.weight if self.kind == "relative" else self.weight]

    @property
    def flags(self) -> list[bool]:
        """Which of its features are flags, whose weights do not scale with those of the scores."""
        return [self.kind == "flag"] * len(self.priors)

    def scaled_to(self, values: FloatArray) -> Column:
        """Returns the same column with mean and deviation of these values, NaN left out."""
        present = values[~np.isnan(values)].astype(np.float64)
        deviation = float(present.std()) if len(present) else 0.0
        mean = float(present.mean()) if len(present) else 0.0
        return self._replace(mean=mean, deviation=deviation or 1.0)


def complete(candidates: Candidates, columns: Sequence[Column]) -> BoolArray:
    """Returns (n_queries, depth) bool: the candidates that have a value in every sparse column."""
    present = np.asarray(candidates.docs >= 0)
    for column in columns:
        if column.sparse:
            present &= ~np.isnan(column.values(candidates))
    return present


def features(candidates: Candidates, columns: Sequence[Column], reference: BoolArray) -> Matrix:
    """Returns (n_queries, depth, n_features) float64 of scaled columns: no NaN among the candidates.

    Each is compared with itself and with its query's reference candidates, (n_queries, depth) bool.
    """
    parts: list[Matrix] = []
    for column in columns:
        values = column.values(candidates).astype(np.float64)
        if column.kind == "flag":
            parts.append(np.nan_to_num(values, nan=0.0))
            continue
        if "all" in _SCALES[column.kind]:
            parts.append((values - column.mean) / column.deviation)
        if "query" in _SCALES[column.kind]:
            parts.append(_standardised(values, reference))
    stacked = np.stack(parts, axis=-1)
    return np.asarray(np.nan_to_num(_imputed(stacked, columns), nan=0.0))


def _standardised(values: Matrix, reference: BoolArray) -> Matrix:
    """Returns deviations from the mean of the query's reference candidates and the document itself.

    A known positive must be treated as an unlabelled document would be, which counts among the candidates:
    else the deviations alone would tell which documents are labelled.
    """
    known = reference & ~np.isnan(values)
    middle = np.where(known, values, 0).sum(axis=1, keepdims=True)
    middle /= np.maximum(known.sum(axis=1, keepdims=True), 1)
    moved = values - middle
    own = np.where(known, 0.0, moved)
    count = known.sum(axis=1, keepdims=True) + ~known
    mean = (np.where(known, moved, 0).sum(axis=1, keepdims=True) + own) / count
    square = ((np.where(known, moved, 0) ** 2).sum(axis=1, keepdims=True) + own**2) / count
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    return np.asarray((moved - mean) / np.where(spread > 1e-12, spread, 1.0))


def _imputed(stacked: Matrix, columns: Sequence[Column]) -> Matrix:
    """Returns the features, missing ones replaced by the mean of the candidate's others of the same scale.

    The only positive of a query has no similarity to other positives, for one; its similarity to the query,
    in deviations, is the best estimate.
    """
    scales = [scale for column in columns for scale in _SCALES[column.kind]]
    for wanted in ("all", "query"):
        places = [place for place, scale in enumerate(scales) if scale == wanted]
        if places:
            stacked[..., places] = _with_mean(stacked[..., places])
    return stacked


def _with_mean(values: Matrix) -> Matrix:
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=-1, keepdims=True), 1)
    mean = np.where(known, values, 0).sum(axis=-1, keepdims=True) / count
    return np.where(known, values, mean)
