"""From what rankers make of labelled pairs to the share of wrong ones, and a probability for each.

A labelled pair is right, or wrong as a pair that was put together at random is. Random pairs can be had: a
query with the positives of other queries. So the labelled pairs are a mixture of right and random ones, and
the random ones' distribution is known. A hard positive is one that other documents outrank; among a few
other queries' positives it still stands near the top. Where a share of labelled pairs is as the random ones
are, over the whole lower part of their scores, that share is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.calibration import logistic
from hardneg.calibration.features import Matrix
from hardneg.calibration.logistic import Vector
from hardneg.core.records import BoolArray, IntArray
from hardneg.core.registry import restored
from hardneg.core.statistics import CONFIDENCE, wilson

MIN_PAIRS = 50
"""Fewer labelled pairs are too few to learn from."""

_MIN_AUC = 0.75
_LAMBDAS = np.arange(0.1, 0.951, 0.05)
_RESAMPLES = 500
_MAX_PROBABILITY = 0.99


@dataclass(frozen=True)
class NoisyPositives:
    """What was learned of a collection's labelled pairs, or why nothing was.

    Attributes:
        why: Why nothing can be estimated; empty if it can.
        intercept: Log-odds of a labelled against a random pair where all features are 0.
        weights: The features' weights.
        knots: Log-odds, ascending, at which `ratios` are known.
        ratios: Density of labelled pairs over that of random ones, never falling.
        share: Estimated share of wrong pairs among the labelled ones.
        scales: How the scores of each ranker become features; this room does not read it.
        facts: The estimate's facts, for run.json.
    """

    why: str = ""
    intercept: float = 0.0
    weights: tuple[float, ...] = ()
    knots: tuple[float, ...] = ()
    ratios: tuple[float, ...] = ()
    share: float = 0.0
    scales: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def probability(self, features: Matrix) -> Vector:
        """Returns (n,) float64: the probability that each labelled pair is wrong, NaN where not estimable.

        It is the local false discovery rate: the share of wrong pairs times the density of random ones, over
        the density of labelled ones.

        Args:
            features: (n, n_features) float64, NaN where a ranker gave no score.

        Source: Efron et al., Empirical Bayes analysis of a microarray experiment, JASA 96, 2001.
        """
        if self.why:
            return np.full(len(features), np.nan)
        logits = logistic.log_odds(features, self.intercept, np.array(self.weights))
        ratio = np.exp(np.interp(logits, self.knots, np.log(self.ratios)))
        probability = np.minimum(self.share / ratio, _MAX_PROBABILITY)
        return np.asarray(np.where(np.isnan(logits), np.nan, probability))

    def describe(self) -> dict[str, Any]:
        """Returns plain data from which `build` makes the same estimate."""
        return {**vars(self), "scales": dict(self.scales), "facts": dict(self.facts)}

    @classmethod
    def build(cls, described: Mapping[str, Any]) -> NoisyPositives:
        """Returns the estimate that was described.

        Raises:
            ValueError: The description is of no estimate.
        """
        built = restored(cls, described)
        if len(built.knots) != len(built.ratios) or not (built.why or built.knots):
            raise ValueError("knots and ratios do not fit")
        return built


def not_estimable(why: str, **facts: Any) -> NoisyPositives:
    """Returns that nothing was estimated, and why."""
    return NoisyPositives(why, facts={"estimable": False, "why": why, **facts})


def learn(
    labelled: Matrix,
    random: Matrix,
    labelled_queries: IntArray,
    random_queries: IntArray,
    separation: float = 0.97,
) -> NoisyPositives:
    """Returns the estimate from labelled pairs and random pairs of the same queries.

    Args:
        labelled: (n, n_features) float64, the more the likelier relevant; rows with NaN are left out.
        random: (m, n_features) float64.
        labelled_queries: (n,) int32, the query of each labelled pair.
        random_queries: (m,) int32.
        separation: The least AUC of right against random pairs: rankers that are worse take right positives
            for random ones, so that all that looks random may be right.
    """
    usable, also = ~np.isnan(labelled).any(axis=1), ~np.isnan(random).any(axis=1)
    labelled, labelled_queries = labelled[usable], labelled_queries[usable]
    random, random_queries = random[also], random_queries[also]
    facts: dict[str, Any] = {"pairs": len(labelled), "random_pairs": len(random)}
    if len(labelled) < MIN_PAIRS:
        return not_estimable(f"{len(labelled)} positives are too few, {MIN_PAIRS} are needed", **facts)
    rows = np.concatenate([labelled, random])
    is_labelled = np.arange(len(rows)) < len(labelled)
    queries = np.concatenate([labelled_queries, random_queries])
    priors = np.ones(rows.shape[1])
    fitted = logistic.fit(rows, is_labelled, queries, priors, np.zeros(len(priors), bool))
    places = _places(fitted.logits, is_labelled, logistic.folds(queries))
    facts["auc"] = round(float(places.mean()), 4)
    if places.mean() < _MIN_AUC:
        why = (
            f"the rankers hardly tell positives from other queries' positives (AUC {places.mean():.2f}, at "
            f"least {_MIN_AUC:g} is needed): they are unfit for these texts, or most positives are wrong"
        )
        return not_estimable(why, **facts)
    share, at = null_share(places)
    found = (float(places.mean()) - share / 2) / max(1 - share, 1e-9)  # Menon et al., ICML 2015, section 3
    facts["separation"] = round(min(found, 1.0), 4)
    if found < separation:
        why = (
            f"at most {share:.1%} of the positives are wrong, but the rankers tell the right ones from other "
            f"queries' positives too badly (AUC {found:.3f}, at least {separation:g} is needed) to say more"
        )
        return not_estimable(why, **facts, at_most=round(share, 4))
    low, high = share_interval(places, labelled_queries, at)
    facts |= {"share": round(share, 4), "low": round(min(low, share), 4), "high": round(max(high, share), 4)}
    logits = logistic.log_odds(rows, fitted.intercept, fitted.weights)
    knots, ratios = density_ratio(logits[is_labelled], logits[~is_labelled])
    return NoisyPositives(
        intercept=fitted.intercept,
        weights=tuple(fitted.weights.tolist()),
        knots=tuple(knots.tolist()),
        ratios=tuple(ratios.tolist()),
        share=share,
        facts={"estimable": True, "why": "", **facts},
    )


def null_share(percentiles: Vector) -> tuple[float, float]:
    """Returns the share of labelled pairs that are as random ones are, and the bound it was read below.

    Wrong pairs have percentiles among the random ones that are uniform. If there are nearly only wrong ones
    below a bound, their share is the share of the pairs below it, divided by the bound. A high bound counts
    more pairs, but right ones too: the bound is the one with the least estimated mean square error, its bias
    being what its share exceeds the least of all shares by, each with a standard error added.

    Args:
        percentiles: (n,) float64, the place of each labelled pair among the random ones, 0 to 1.

    Source: Storey, Taylor and Siegmund, JRSS B 66, 2004, with a choice of the bound as in their section 6.
    """
    count = len(percentiles)
    below = np.array([(percentiles < bound).sum() for bound in _LAMBDAS])
    shares = below / count / _LAMBDAS
    variance = (below + 1) / (count * _LAMBDAS) ** 2
    bias = np.maximum(shares - (shares + np.sqrt(variance)).min(), 0)
    best = int(np.argmin(variance + bias**2))
    return float(min(shares[best], 1.0)), float(_LAMBDAS[best])


def share_interval(percentiles: Vector, queries: IntArray, bound: float) -> tuple[float, float]:
    """Returns the 95 % interval of `null_share`: that of resampled queries, no narrower than Wilson's.

    Args:
        percentiles: (n,) float64.
        queries: (n,) int32, the query of each.
        bound: What `null_share` chose.
    """
    _, owners = np.unique(queries, return_inverse=True)
    count = int(owners.max()) + 1
    generator = np.random.default_rng(0)
    shares = []
    for _ in range(_RESAMPLES):
        times = np.bincount(generator.integers(0, count, count), minlength=count)
        shares.append(null_share(np.repeat(percentiles, times[owners.ravel()]))[0])
    low, high = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    least, most = wilson((percentiles < bound).sum(), len(percentiles))
    return min(float(low), float(least) / bound), min(max(float(high), float(most) / bound), 1.0)


def density_ratio(labelled: Vector, random: Vector) -> tuple[Vector, Vector]:
    """Returns log-odds and the density of labelled over that of random pairs at each, never falling.

    The log-odds are the two ends of each stretch over which the ratio is the same.

    Args:
        labelled: (n,) float64, log-odds of labelled pairs.
        random: (m,) float64, of random ones.

    Source: isotonic regression, Ayer et al., Annals of Mathematical Statistics 26, 1955.
    """
    from scipy.optimize import isotonic_regression

    logits = np.concatenate([labelled, random])
    order = np.argsort(logits, kind="stable")
    is_labelled = (np.arange(len(logits)) < len(labelled))[order]
    weights = np.where(is_labelled, 1 / len(labelled), 1 / len(random))
    fitted = isotonic_regression(is_labelled.astype(float), weights=weights)
    ends = np.stack([fitted.blocks[:-1], fitted.blocks[1:] - 1], axis=1).ravel()
    knots, share = logits[order][ends], fitted.x[ends]
    least = 0.5 / len(labelled)  # of a block without a labelled or a random pair
    return knots, np.clip(share, least, 1 - least) / np.clip(1 - share, least, 1)


def _places(logits: Vector, is_labelled: BoolArray, folds: npt.NDArray[np.intp]) -> Vector:
    """Returns (n_labelled,) float64: the place of each labelled pair among the random ones of its fold.

    The models of two folds differ a little: log-odds of one are not to be compared with another's.
    """
    places = np.empty(len(logits))
    for fold in np.unique(folds[is_labelled]):
        own = folds == fold
        others = np.sort(logits[own & ~is_labelled])
        places[own & is_labelled] = _percentiles(logits[own & is_labelled], others)
    return places[is_labelled]


def _percentiles(values: Vector, ordered: Vector) -> Vector:
    """Returns (n,) float64: the share of ordered values that are less, half of the equal ones counted."""
    below, upto = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.asarray((below + upto) / 2 / max(len(ordered), 1))
