"""From scores and evidence to features of one scale, whatever model or collection they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from hardneg.core.records import BoolArray, Candidates, FloatArray

Matrix = npt.NDArray[np.float64]
Kind = Literal["absolute", "relative", "flag"]

_WITHIN = 0.5
_RELATIVE = 0.7


class Column(NamedTuple):
    """A score or a validator's evidence, and how it is read.

    An `absolute` score means the same for every query, as a cosine does: it is compared with all candidates
    and with those of its query. A `relative` one, as BM25's, is compared with those of its query alone. A
    `flag` is 0 where there is nothing and 1 where it is certain.
    """

    source: Literal["scores", "evidence"]
    name: str
    kind: Kind
    weight: float
    """What is expected of it before there are data: log-odds a standard deviation, or a flag."""
    mean: float = 0.0
    """Of all candidates."""
    deviation: float = 1.0
    """Of all candidates."""
    rare: bool = False
    """Whether it is known of some candidates alone."""

    def values(self, candidates: Candidates) -> FloatArray:
        """Returns (n_queries, depth) float32."""
        return candidates.scores[self.name] if self.source == "scores" else candidates.evidence[self.name]

    @property
    def priors(self) -> list[float]:
        """What is expected of each of its features."""
        if self.kind == "absolute":
            return [self.weight, _WITHIN * self.weight]
        return [_RELATIVE * self.weight if self.kind == "relative" else self.weight]

    @property
    def flags(self) -> list[bool]:
        """Which of its features are flags, whose weights do not grow with those of the scores."""
        return [self.kind == "flag"] * len(self.priors)

    def scaled_to(self, values: FloatArray) -> Column:
        """Returns the same column with mean and deviation of these values, NaN left out."""
        known = values[~np.isnan(values)].astype(np.float64)
        deviation = float(known.std()) if len(known) else 0.0
        return self._replace(mean=float(known.mean()) if len(known) else 0.0, deviation=deviation or 1.0)


def features(candidates: Candidates, columns: Sequence[Column], compared: BoolArray) -> Matrix:
    """Returns (n_queries, depth, n_features) float64: no NaN among the candidates.

    Args:
        candidates: A block.
        columns: What to read, scaled.
        compared: (n_queries, depth) bool, the candidates that others of their query are compared with; each
            is compared with itself too.
    """
    found: list[Matrix] = []
    for column in columns:
        values = column.values(candidates).astype(np.float64)
        if column.kind == "flag":
            found.append(np.nan_to_num(values, nan=0.0))
            continue
        if column.kind == "absolute":
            found.append((values - column.mean) / column.deviation)
        found.append(_within(values, compared))
    stacked = np.stack(found, axis=-1)
    return np.asarray(np.nan_to_num(_filled(stacked, columns), nan=0.0))


def _within(values: Matrix, compared: BoolArray) -> Matrix:
    """Returns deviations from the mean of the query's candidates and the document itself.

    A known positive must be seen as an unlabelled document would be, which counts among the candidates: else
    the deviations alone would tell which documents are labelled.
    """
    known = compared & ~np.isnan(values)
    middle = np.where(known, values, 0).sum(axis=1, keepdims=True)
    middle /= np.maximum(known.sum(axis=1, keepdims=True), 1)
    moved = values - middle
    own = np.where(known, 0.0, moved)
    count = known.sum(axis=1, keepdims=True) + ~known
    mean = (np.where(known, moved, 0).sum(axis=1, keepdims=True) + own) / count
    square = ((np.where(known, moved, 0) ** 2).sum(axis=1, keepdims=True) + own**2) / count
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    return np.asarray((moved - mean) / np.where(spread > 1e-12, spread, 1.0))


def _filled(stacked: Matrix, columns: Sequence[Column]) -> Matrix:
    """Returns the features with missing ones taken from the others of their sort.

    A lone positive has no other positive to be similar to. Its similarity to the query, in deviations, is the
    best guess.
    """
    sorts = [sort for column in columns for sort in _SORTS[column.kind]]
    for sort in ("all", "query"):
        places = [place for place, own in enumerate(sorts) if own == sort]
        if places:
            stacked[..., places] = _with_mean(stacked[..., places])
    return stacked


_SORTS = {"absolute": ("all", "query"), "relative": ("query",), "flag": ("flag",)}


def _with_mean(some: Matrix) -> Matrix:
    known = ~np.isnan(some)
    count = np.maximum(known.sum(axis=-1, keepdims=True), 1)
    mean = np.where(known, some, 0).sum(axis=-1, keepdims=True) / count
    return np.where(known, some, mean)
