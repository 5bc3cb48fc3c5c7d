"""What rate and what hardness each threshold of the recipe's rule would bring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from hardneg.auditing.estimate import Estimate, Numbers
from hardneg.auditing.probabilities import Negatives
from hardneg.core.components import RULES, Threshold
from hardneg.mining.miner import Reselector
from hardneg.mining.recipe import Recipe
from hardneg.selection.selector import Selector

_RULE = "suspected-false-negative"
_FULL = 0.9
"""The share of the most negatives that a threshold must leave to be worth naming."""


def curve(chooser: Reselector, recipe: Recipe, negatives: Negatives, best: Estimate) -> list[dict[str, Any]]:
    """Returns for each threshold the rate, its interval, the hardness and the negatives it would leave.

    The stored candidates are decided on again. Rates are mean probabilities, times what the best estimate
    says they are off at the run's own threshold.

    Args:
        chooser: Decides on the run's candidates.
        recipe: The run's.
        negatives: The run's.
        best: The rate of the run.
    """
    known = negatives.probability[~np.isnan(negatives.probability)]
    if not len(known):
        return []
    mean = max(float(known.mean()), 1e-9)
    factors = [value / mean for value in (best.rate, best.low, best.high)]
    variants = list(_variants(recipe))
    points = []
    for (path, step, _), (chances, scores) in zip(variants, _chosen(chooser, variants), strict=True):
        found = float(np.nanmean(chances)) if len(chances) else 0.0
        rate, low, high = (round(min(found * factor, 1.0), 5) for factor in factors)
        hardness = round(float(np.nanmean(scores)), 5) if len(scores) else None
        points.append(
            {
                "setting": path,
                "threshold": step,
                "rate": rate,
                "low": low,
                "high": high,
                "hardness": hardness,
                "negatives": len(chances),
            }
        )
    return points


def best_threshold(points: list[dict[str, Any]], target: float) -> dict[str, Any]:
    """Returns the threshold that reaches a rate with the hardest negatives, `threshold` None if none does."""
    most = max((point["negatives"] for point in points), default=0)
    full = [point for point in points if point["negatives"] >= _FULL * most and point["hardness"] is not None]
    enough = [point for point in full if point["rate"] <= target]
    best = max(enough, key=lambda point: point["hardness"], default=None)
    told = {"rate": target, "setting": points[0]["setting"] if points else None, "threshold": None}
    if best is None:
        return told
    shown = f"--set {best['setting']}={best['threshold']}"
    return {**told, "threshold": best["threshold"], "reached": best, "flag": shown}


def _chosen(chooser: Reselector, variants: list[tuple[str, float, Recipe]]) -> list[tuple[Numbers, Numbers]]:
    """Returns for each variant the probabilities and the scores of the negatives it would choose."""
    selectors = [Selector(chooser.collection, recipe.select, recipe.seed) for _, _, recipe in variants]
    chances: list[list[Numbers]] = [[np.empty(0)] for _ in variants]
    scores: list[list[Numbers]] = [[np.empty(0)] for _ in variants]
    for number in range(len(chooser.sizes)):
        candidates = chooser.candidates(number)
        assert candidates.probability is not None
        for place, selector in enumerate(selectors):
            copies = selector.select(candidates).copies
            chances[place].append(np.repeat(candidates.probability, copies.ravel()).astype(np.float64))
            scores[place].append(np.repeat(candidates.score(), copies.ravel()).astype(np.float64))
    return [(np.concatenate(p), np.concatenate(s)) for p, s in zip(chances, scores, strict=True)]


def _variants(recipe: Recipe) -> Iterator[tuple[str, float, Recipe]]:
    """Yields (path of the setting, value, recipe) for each step of the last rule that has a threshold."""
    settings = recipe.settings()
    rules: list[dict[str, Any]] = settings["select"]["rules"]
    places = [place for place, rule in enumerate(recipe.select.rules) if rule.threshold is not None]
    place = places[-1] if places else len(rules)
    if not places:
        rules.append({_RULE: {"maximum": 1.0, "otherwise": None}})
    [(name, values)] = rules[place].items()
    key, steps = RULES.make({name: values}).threshold or Threshold("", ())
    own, last = values.get(key), values.get("last")
    for step in sorted({*steps, *([own] if own is not None else [])}):
        if last is not None and step > last:  # no window begins beyond its end
            continue
        rules[place] = {name: {**values, key: step}}
        yield f"select.rules.{name}.{key}", step, Recipe.build(settings)
