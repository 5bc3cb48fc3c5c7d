"""The probability of a false negative for every candidate, estimated once on a sample of the queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hardneg.calibration import logistic
from hardneg.calibration.features import Column
from hardneg.calibration.learn import LEAST_POSITIVES, ColumnGroups, labelled, learn
from hardneg.calibration.logistic import Vector
from hardneg.calibration.model import UNLABELLED, Model, Sample, everywhere
from hardneg.core.records import Candidates, FloatArray, IntArray


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
    positives = sum(int(labelled(sample).sum()) for sample in samples)
    facts: dict[str, Any] = {
        "queries": sum(len(s.candidates.queries) for s in samples),
        "positives": positives,
    }
    if positives < LEAST_POSITIVES:
        why = f"{positives} retrieved positives are too few, {LEAST_POSITIVES} are needed"
        return Calibration(why, facts={**facts, **_told(why)})
    known = ColumnGroups.of(samples, columns)
    if not known.seen:
        why = "there is no score that is known of every candidate"
        return Calibration(why, facts={**facts, **_told(why)})
    models, told = [], {}
    for seen in [known.seen, (*known.seen, *known.rare)] if known.rare else [known.seen]:
        learned = learn(samples, seen, known.unseen)
        if learned is not None:
            models.append(learned[0])
            told = learned[1]
    return Calibration("", tuple(models), 0.0, {**facts, **_told("", models[-1]), **told})


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
