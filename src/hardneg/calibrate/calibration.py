"""The probability of a false negative for every candidate, estimated once on a sample of the queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from hardneg.calibrate import logistic
from hardneg.calibrate.features import Column, features
from hardneg.calibrate.frequency import label_frequency, relevant_odds
from hardneg.calibrate.logistic import Vector
from hardneg.calibrate.reliability import reliability
from hardneg.records import BoolArray, Candidates, FloatArray, IntArray

POSITIVE, UNLABELLED, LEFT_OUT, NOT_RELEVANT = 1, 0, -1, -2
"""What a candidate is to calibration. Left out are padding, documents judged not relevant, and copies of
positives or of the query."""

_LEAST_POSITIVES = 20
_EVERYWHERE = 0.9
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


@dataclass(frozen=True)
class Calibration:
    """What was learned, or why nothing could be.

    Attributes:
        why: Why probabilities cannot be estimated; empty if they can.
        models: The first reads what is known of every candidate; a second, if there is one, also what is
            known of some alone, as a cross-encoder's scores of the first ranks.
        shift: Log-odds that verdicts add to the models'.
        facts: What a reader may want to know of it, for run.json.
    """

    why: str = ""
    models: tuple[Model, ...] = ()
    shift: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def probability(self, candidates: Candidates, status: IntArray) -> FloatArray:
        """Returns (n_queries, depth) float32: the probability of a false negative, NaN where there is none.

        Args:
            candidates: A block, with evidence.
            status: (n_queries, depth) int8.
        """
        found = np.full(candidates.shape, np.nan)
        for model in self.models:
            known = everywhere(candidates, model.columns)
            found = np.where(known, model.probability(candidates, status), found)
        shifted = np.clip(logistic.sigmoid(_logit(found) + self.shift), 0, 1) if self.shift else found
        return np.where(status == UNLABELLED, shifted, np.nan).astype(np.float32)

    def describe(self) -> dict[str, Any]:
        """Returns plain data from which `build` makes the same calibration."""
        models = [
            {**vars(model), "columns": [list(column) for column in model.columns]} for model in self.models
        ]
        return {"why": self.why, "models": models, "shift": self.shift, "facts": dict(self.facts)}

    @classmethod
    def build(cls, described: Mapping[str, Any]) -> Calibration:
        """Returns the calibration that was described."""
        models = tuple(
            Model(
                tuple(Column(*column) for column in model["columns"]),
                model["intercept"],
                tuple(model["weights"]),
                model["frequency"],
                model["strength"],
            )
            for model in described["models"]
        )
        return cls(described["why"], models, described["shift"], described["facts"])


def calibrate(samples: Sequence[Sample], columns: Sequence[Column]) -> Calibration:
    """Returns what the labelled and the unlabelled candidates of some queries teach.

    Args:
        samples: Blocks of queries.
        columns: The scores and evidence that may be read.
    """
    positives = sum(int(_labelled(sample).sum()) for sample in samples)
    facts: dict[str, Any] = {
        "queries": sum(len(s.candidates.queries) for s in samples),
        "positives": positives,
    }
    if positives < _LEAST_POSITIVES:
        why = f"{positives} retrieved positives are too few, {_LEAST_POSITIVES} are needed"
        return Calibration(why, facts={**facts, **_told(why)})
    covered = [(column, _coverage(samples, column)) for column in columns]
    common = [column for column, share in covered if share >= _EVERYWHERE]
    rare = [column._replace(rare=True) for column, share in covered if 0 < share < _EVERYWHERE]
    if not common:
        why = "there is no score that is known of every candidate"
        return Calibration(why, facts={**facts, **_told(why)})
    models, told = [], {}
    for chosen in [common, [*common, *rare]] if rare else [common]:
        learned = _learn(samples, chosen)
        if learned is not None:
            models.append(learned[0])
            told = learned[1]
    return Calibration("", tuple(models), 0.0, {**facts, **_told("", models[-1]), **told})


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


def _learn(samples: Sequence[Sample], columns: Sequence[Column]) -> tuple[Model, dict[str, Any]] | None:
    """Returns the model over some columns and what to tell of it; None if too few positives have them."""
    scaled = [_scaled(samples, column) for column in columns]
    rows, labelled, queries = _rows(samples, scaled)
    if int(labelled.sum()) < _LEAST_POSITIVES:
        return None
    priors = np.array([prior for column in scaled for prior in column.priors])
    flags = np.array([flag for column in scaled for flag in column.flags])
    fitted = logistic.fit(rows, labelled, queries, priors, flags)
    frequency = label_frequency(fitted.logits, labelled)
    model = Model(tuple(scaled), fitted.intercept, tuple(fitted.weights.tolist()), frequency, fitted.strength)
    return model, reliability(fitted.logits, chance(fitted.logits, frequency), labelled, frequency)


def _rows(samples: Sequence[Sample], columns: Sequence[Column]) -> tuple[Vector, BoolArray, IntArray]:
    """Returns the features (n, n_features), labels (n,) and queries (n,) of all that can be learned from."""
    rows, labels, queries = [], [], []
    for sample in samples:
        candidates, status = sample
        labelled = _labelled(sample)
        used = (labelled | compared(candidates, status)) & everywhere(candidates, columns)
        rows.append(features(candidates, columns, compared(candidates, status))[used])
        labels.append(labelled[used])
        queries.append(np.broadcast_to(candidates.queries[:, None], candidates.shape)[used])
    return np.concatenate(rows), np.concatenate(labels), np.concatenate(queries)


def _labelled(sample: Sample) -> BoolArray:
    """Returns the positives that a ranker retrieved: had they no label, they would be candidates."""
    return np.asarray((sample.status == POSITIVE) & (sample.candidates.ranks > 0))


def _coverage(samples: Sequence[Sample], column: Column) -> float:
    """Returns the share of the candidates of which a column tells something."""
    if column.kind == "flag":
        return 1.0
    known = [~np.isnan(column.values(s.candidates))[compared(s.candidates, s.status)] for s in samples]
    joined = np.concatenate(known)
    return float(joined.mean()) if len(joined) else 0.0


def _scaled(samples: Sequence[Sample], column: Column) -> Column:
    values = [column.values(s.candidates)[compared(s.candidates, s.status)] for s in samples]
    return column.scaled_to(np.concatenate(values))


def _logit(probabilities: Vector) -> Vector:
    bounded = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(bounded / (1 - bounded)))


def _told(why: str, model: Model | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"estimable": not why, "why": why, "method": "", "label_frequency": None}
    told |= {"reliability": [], "calibration_error": None, "auc": None}
    if model is not None:
        told |= {
            "method": "logistic model of labelled against unlabelled candidates (Elkan and Noto, 2008)",
            "label_frequency": model.frequency,
            "strength": model.strength,
            "weights": _named_weights(model),
        }
    return told


def _named_weights(model: Model) -> dict[str, list[float]]:
    """Returns the weights of each column's features."""
    named, place = {}, 0
    for column in model.columns:
        size = len(column.priors)
        named[column.name] = [round(weight, 4) for weight in model.weights[place : place + size]]
        place += size
    return named
