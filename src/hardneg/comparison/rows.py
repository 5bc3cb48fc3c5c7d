"""Rows of a comparison, one per arm: means, intervals, and tests against the first and the best recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hardneg.comparison.compare_settings import NDCG, UNTRAINED, CompareSettings
from hardneg.comparison.students import per_query
from hardneg.core.statistics import Floats, bootstrap_mean
from hardneg.evaluation.measures import Measure
from hardneg.evaluation.significance import paired_tests


def rows(
    settings: CompareSettings,
    results: Mapping[str, Sequence[Mapping[str, Any]]],
    mined: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Returns one row per arm, in the order of `settings.arms`.

    Args:
        settings: The settings of the comparison.
        results: For each arm the results of its students, one per seed, all on the same test queries.
        mined: For each recipe the facts of its negatives.
    """
    means = {
        arm: {measure: _mean_of(students, measure) for measure in settings.all_measures}
        for arm, students in results.items()
    }
    recipes = list(mined)
    best = max(recipes, key=lambda arm: float(means[arm][NDCG].mean()))
    against = {base: _against(base, means) for base in dict.fromkeys((recipes[0], best))}
    table = []
    for arm in settings.arms:
        students = results[arm]
        seeds = [float(per_query(result, NDCG).mean()) for result in students]
        table.append(
            {
                "arm": arm,
                "measures": {
                    str(measure): bootstrap_mean(values, settings.train.seed)._asdict()
                    for measure, values in means[arm].items()
                },
                "seeds": seeds,
                "spread": float(np.std(seeds, ddof=1)) if len(seeds) > 1 else None,
                "gain": float((means[arm][NDCG] - means[UNTRAINED][NDCG]).mean()),
                "against_first": against[recipes[0]].get(arm),
                "against_best": against[best].get(arm),
                "best": arm == best,
                "mined": mined.get(arm),
                "seconds": {
                    name: round(sum(result["seconds"][name] for result in students), 3)
                    for name in ("train", "evaluate")
                },
            }
        )
    return table


def _mean_of(results: Sequence[Mapping[str, Any]], measure: Measure) -> Floats:
    mean: Floats = np.mean([per_query(result, measure) for result in results], axis=0)
    return mean


def _against(base: str, means: Mapping[str, Mapping[Measure, Any]]) -> dict[str, Any]:
    """Returns the tests of nDCG@10, per query the mean over seeds, of every other arm against one."""
    arms = [arm for arm in means if arm != base]
    tests = paired_tests([means[arm][NDCG] for arm in arms], means[base][NDCG], seed=0)
    return {
        arm: {**test._asdict(), "difference": test.difference._asdict(), "base": base}
        for arm, test in zip(arms, tests, strict=True)
    }
