"""The probability of a false negative for every candidate, estimated once on a sample of the queries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hardneg.calibration.features import UNLABELLED, Column, Sample, complete
from hardneg.calibration.label_frequency import unlabelled_log_odds
from hardneg.calibration.learning import MIN_POSITIVES, ColumnGroups, Model, fit_model
from hardneg.calibration.logistic import Vector
from hardneg.calibration.purity import HIGHEST, scaled, scales
from hardneg.core.records import FloatArray
from hardneg.core.registry import restored

_MAX_ERROR = 0.1
_MIN_AUC = 0.6
_MIN_LIFT = 2.0
"""Bounds beyond which an estimate is too poor to decide by; see `_poor`."""


@dataclass(frozen=True)
class Calibration:
    """The models of the probability, or why there are none.

    Attributes:
        why: Why probabilities cannot be estimated; empty if they can.
        models: The first reads the columns that all candidates have; a second, if there is one, also those
            that only some have, as a cross-encoder's scores of the first ranks.
        scale: By what the models' probabilities are multiplied; 1 without verdicts.
        highest_scale: The scale that is exceeded with a probability of 10 %.
        facts: The estimate's facts, for run.json.
        rules: The selection's rules with what they learned from the same sample, as a recipe describes them.
    """

    why: str = ""
    models: tuple[Model, ...] = ()
    scale: float = 1.0
    highest_scale: float = HIGHEST
    facts: Mapping[str, Any] = field(default_factory=dict)
    rules: tuple[Any, ...] = ()

    @property
    def unlabelled_per_labelled(self) -> float:
        """How many unlabelled relevant documents each labelled one stands for."""
        return math.exp(unlabelled_log_odds(self.models[-1].frequency)) if self.models else 0.0

    def probability(self, sample: Sample) -> FloatArray:
        """Returns (n_queries, depth) float32: the probability of a false negative, NaN where unknown."""
        return np.where(sample.status == UNLABELLED, self.if_unlabelled(sample), np.nan).astype(np.float32)

    def if_unlabelled(self, sample: Sample, scale: float | None = None) -> Vector:
        """Returns (n_queries, depth) float64: the probability of each if it had no label, NaN where unknown.

        The models' probabilities are multiplied by a scale, the calibration's own unless given.
        """
        probability = np.full(sample.candidates.shape, np.nan)
        for model in self.models:
            readable = complete(sample.candidates, model.columns)
            probability = np.where(readable, model.probability(sample), probability)
        return scaled(probability, self.scale if scale is None else scale)

    def scaled_by(self, verdicts: Sequence[tuple[FloatArray, FloatArray]]) -> Calibration:
        """Returns the calibration with the scale that verdicts suggest; see `purity.scales`.

        Of each block are given the share of judges who find a candidate relevant, and the probabilities by
        this calibration, both (n_queries, depth) float32, NaN without any.
        """
        both = [~np.isnan(shares) & ~np.isnan(probabilities) for shares, probabilities in verdicts]
        if not any(mask.any() for mask in both):
            return self
        shares = np.concatenate([s[mask] for mask, (s, _) in zip(both, verdicts, strict=True)])
        probabilities = np.concatenate([p[mask] for mask, (_, p) in zip(both, verdicts, strict=True)])
        scale, highest = scales(probabilities.astype(np.float64), shares)
        facts = {**self.facts, "verdicts": len(shares), "scale": round(scale, 4)}
        return replace(self, scale=scale, highest_scale=highest, facts=facts)

    def describe(self) -> dict[str, Any]:
        """Returns plain data from which `build` makes the same calibration."""
        models = [
            {**vars(model), "columns": [list(column) for column in model.columns]} for model in self.models
        ]
        facts, rules = dict(self.facts), list(self.rules)
        by_verdicts = {"scale": self.scale, "highest_scale": self.highest_scale}
        return {"why": self.why, "models": models, **by_verdicts, "facts": facts, "rules": rules}

    @classmethod
    def build(cls, described: Mapping[str, Any]) -> Calibration:
        """Returns the calibration that was described.

        Raises:
            ValueError: The description is of no calibration.
        """
        built = restored(cls, described)
        for model in built.models:
            if sum(len(column.priors) for column in model.columns) != len(model.weights):
                raise ValueError("models: weights and columns do not fit")
        return built


def calibrate(samples: Sequence[Sample], columns: Sequence[Column]) -> Calibration:
    """Returns the calibration learned from labelled and unlabelled candidates by the columns given."""
    positives = sum(int(sample.positives.sum()) for sample in samples)
    queries = sum(len(sample.candidates.queries) for sample in samples)
    facts: dict[str, Any] = {"queries": queries, "positives": positives}
    if positives < MIN_POSITIVES:
        why = f"{positives} retrieved positives are too few, {MIN_POSITIVES} are needed"
        return not_estimated(why, facts)
    groups = ColumnGroups.of(samples, columns)
    if not groups.observed:
        why = "there is no score that is known of every candidate"
        return not_estimated(why, facts)
    readable = [groups.observed, (*groups.observed, *groups.sparse)] if groups.sparse else [groups.observed]
    fits = [fit_model(samples, observed, groups.unlabelled_only) for observed in readable]
    fitted = [fit for fit in fits if fit is not None]
    learned = [{**facts, **_facts("", model), **quality} for model, quality in fitted]
    poor = _poor(learned[-1])
    if poor and len(fitted) > 1:  # what only some candidates have shows less than what all have
        left_out = {column.name: poor for column in groups.sparse}
        fitted, learned = fitted[:1], [{**learned[0], "left_out": left_out}]
        poor = _poor(learned[-1])
    if poor:
        return Calibration(poor, facts={**learned[-1], "estimable": False, "why": poor})
    return Calibration("", tuple(model for model, _ in fitted), facts=learned[-1])


def not_estimated(why: str, facts: Mapping[str, Any] | None = None) -> Calibration:
    """Returns the calibration that has no probabilities, and why."""
    return Calibration(why, facts={**(facts or {}), **_facts(why)})


def _poor(facts: Mapping[str, Any]) -> str:
    """Returns why an estimate cannot be decided by, empty if it can.

    Its error is large, or it hardly separates labelled from other candidates: by the area under the ROC
    curve, or because even where the evidence is strongest hardly more are labelled than among all.
    """
    error, auc, top_share = facts["calibration_error"], facts["auc"], facts["top_labelled_share"]
    unlabelled = sum(row["count"] for row in facts["reliability"])
    share = facts["positives"] / max(facts["positives"] + unlabelled, 1)
    found = []
    if error > _MAX_ERROR:
        found.append(f"calibration error {error:.2f}, at most {_MAX_ERROR:g} is trusted")
    if auc is not None and auc < _MIN_AUC:
        found.append(f"AUC {auc:.2f}, at least {_MIN_AUC:g} is trusted")
    if top_share < _MIN_LIFT * share:
        found.append(
            f"labelled share {top_share:.3f} where the evidence is strongest, {share:.3f} on average"
        )
    return "; ".join(found) and f"the estimate is poor ({'; '.join(found)})"


def _facts(why: str, model: Model | None = None) -> dict[str, Any]:
    facts: dict[str, Any] = {"estimable": not why, "why": why, "method": "", "label_frequency": None}
    facts |= {"reliability": [], "calibration_error": None, "auc": None}
    if model is not None:
        facts |= {
            "method": "logistic model of labelled against unlabelled candidates (Elkan and Noto, 2008)",
            "label_frequency": model.frequency,
            "strength": model.strength,
            "weights": _named_weights(model),
        }
    return facts


def _named_weights(model: Model) -> dict[str, list[float]]:
    """Returns the weights of each column's features."""
    named, place = {}, 0
    for column in model.columns:
        size = len(column.priors)
        named[column.name] = [round(weight, 4) for weight in model.weights[place : place + size]]
        place += size
    return named
