"""What a comparison found of each arm: means, intervals, and tests against the first and the best recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hardneg.comparison.settings import NDCG, UNTRAINED, CompareSettings
from hardneg.comparison.students import per_query
from hardneg.evaluation.measures import Measure
from hardneg.evaluation.significance import Values, interval
from hardneg.evaluation.significance import compare as tested


def rows(
    settings: CompareSettings,
    results: Mapping[str, Sequence[Mapping[str, Any]]],
    mined: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Returns one row an arm, in the order of `settings.arms`.

    Args:
        settings: What is compared.
        results: For each arm the results of its students, one a seed, all on the same test queries.
        mined: For each recipe what is told of its negatives.
    """
    means = {
        arm: {measure: _mean_of(own, measure) for measure in settings.all_measures}
        for arm, own in results.items()
    }
    named = list(mined)
    best = max(named, key=lambda arm: float(means[arm][NDCG].mean()))
    against = {base: _against(base, named, means) for base in dict.fromkeys((named[0], best))}
    found = []
    for arm in settings.arms:
        own = results[arm]
        seeds = [float(per_query(result, NDCG).mean()) for result in own]
        found.append(
            {
                "arm": arm,
                "measures": {
                    str(measure): interval(values, settings.train.seed)._asdict()
                    for measure, values in means[arm].items()
                },
                "seeds": seeds,
                "spread": float(np.std(seeds, ddof=1)) if len(seeds) > 1 else None,
                "gain": float((means[arm][NDCG] - means[UNTRAINED][NDCG]).mean()),
                "against_first": against[named[0]].get(arm),
                "against_best": against[best].get(arm),
                "best": arm == best,
                "mined": mined.get(arm),
                "seconds": {
                    name: round(sum(result["seconds"][name] for result in own), 3)
                    for name in ("train", "evaluate")
                },
            }
        )
    return found


def _mean_of(results: Sequence[Mapping[str, Any]], measure: Measure) -> Values:
    mean: Values = np.mean([per_query(result, measure) for result in results], axis=0)
    return mean


def _against(base: str, recipes: Sequence[str], means: Mapping[str, Mapping[Measure, Any]]) -> dict[str, Any]:
    """Returns the test of nDCG@10, the mean over seeds of each query, of every other arm with one."""
    others = [arm for arm in means if arm != base]
    found = tested([means[arm][NDCG] for arm in others], means[base][NDCG], seed=0)
    return {
        arm: {**one._asdict(), "difference": one.difference._asdict(), "base": base}
        for arm, one in zip(others, found, strict=True)
    }
