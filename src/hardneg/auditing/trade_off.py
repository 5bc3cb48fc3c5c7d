"""The trade-off of false-negative rate and hardness over the thresholds of a recipe's rule."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from hardneg.auditing.estimate import Estimate
from hardneg.auditing.negatives import Negatives
from hardneg.core.components import RULES
from hardneg.core.statistics import Floats
from hardneg.mining.miner import Reselector
from hardneg.mining.recipe import Recipe
from hardneg.selection.fitting import fitted_rules
from hardneg.selection.selector import Selector

_RULE = {"suspected-false-negative": {"maximum": 1.0, "otherwise": None}}
"""The rule that is varied where the recipe has none with a threshold."""
_FULL = 0.9
"""The share of the most negatives that a threshold must leave to be recommended."""


def curve(
    reselector: Reselector, recipe: Recipe, negatives: Negatives, best: Estimate
) -> list[dict[str, Any]]:
    """Returns for each threshold that leaves negatives the rate, its interval, the hardness and their number.

    The stored candidates are selected from again. Rates are mean probabilities, scaled so that the run's
    own threshold has the best estimate.
    """
    known = negatives.probability[~np.isnan(negatives.probability)]
    if not len(known):
        return []
    mean = max(float(known.mean()), 1e-9)
    factors = [value / mean for value in (best.rate, best.low, best.high)]
    variants = list(_variants(recipe))
    points = []
    for (path, step, _), (probabilities, scores) in zip(
        variants, _selected(reselector, variants), strict=True
    ):
        if not len(probabilities):
            continue
        probability = float(np.nanmean(probabilities))
        rate, low, high = (round(min(probability * factor, 1.0), 5) for factor in factors)
        points.append(
            {
                "setting": path,
                "threshold": step,
                "rate": rate,
                "low": low,
                "high": high,
                "hardness": None if np.isnan(scores).all() else round(float(np.nanmean(scores)), 5),
                "negatives": len(probabilities),
            }
        )
    return points


def best_threshold(points: list[dict[str, Any]], target: float) -> dict[str, Any]:
    """Returns the threshold that reaches a rate with the hardest negatives, `threshold` None if none does."""
    most = max((point["negatives"] for point in points), default=0)
    full = [point for point in points if point["negatives"] >= _FULL * most and point["hardness"] is not None]
    reaching = [point for point in full if point["rate"] <= target]
    best = max(reaching, key=lambda point: point["hardness"], default=None)
    summary = {"rate": target, "setting": points[0]["setting"] if points else None, "threshold": None}
    if best is None:
        return summary
    flag = f"--set {best['setting']}={best['threshold']}"
    return {**summary, "threshold": best["threshold"], "reached": best, "flag": flag}


def _selected(
    reselector: Reselector, variants: list[tuple[str, float, Recipe]]
) -> list[tuple[Floats, Floats]]:
    """Returns for each variant the probabilities and the scores of the negatives that it selects."""
    selectors = [_fitted(reselector, recipe) for _, _, recipe in variants]
    probabilities: list[list[Floats]] = [[np.empty(0)] for _ in variants]
    scores: list[list[Floats]] = [[np.empty(0)] for _ in variants]
    for number in range(len(reselector.sizes)):
        candidates = reselector.candidates(number)
        assert candidates.probability is not None
        for place, selector in enumerate(selectors):
            copies = selector.select(candidates).copies.ravel()
            probabilities[place].append(np.repeat(candidates.probability, copies).astype(np.float64))
            scores[place].append(np.repeat(candidates.score(), copies).astype(np.float64))
    return [(np.concatenate(p), np.concatenate(s)) for p, s in zip(probabilities, scores, strict=True)]


def _fitted(reselector: Reselector, recipe: Recipe) -> Selector:
    """Returns a recipe's selector, its rules fitted to the queries on which the reselector was calibrated."""
    selector = Selector(reselector.collection, recipe.select, recipe.seed)
    rules = fitted_rules(selector, reselector.sample)
    return selector.with_rules(rules) if rules else selector


def _variants(recipe: Recipe) -> Iterator[tuple[str, float, Recipe]]:
    """Yields (path of the setting, value, recipe) for each step of the last rule that has a threshold.

    Values that the rule refuses are left out.
    """
    rules = list(recipe.select.rules)
    if all(rule.threshold is None for rule in rules):
        rules.append(RULES.make(_RULE))
    place = max(number for number, rule in enumerate(rules) if rule.threshold is not None)
    rule: Any = rules[place]
    setting, steps = rule.threshold
    current = getattr(rule, setting)
    for step in sorted({*steps, *([] if current is None else [current])}):
        try:
            rules[place] = dataclasses.replace(rule, **{setting: step})
        except ValueError:
            continue
        select = recipe.select.model_copy(update={"rules": tuple(rules)})
        path = f"select.rules.{RULES.name_of(rule)}.{setting}"
        yield path, step, recipe.model_copy(update={"select": select})
