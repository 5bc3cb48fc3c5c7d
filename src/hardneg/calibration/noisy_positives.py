"""From what rankers make of labelled pairs to the share of wrong ones, and a probability for each.

A labelled pair is right, or wrong as a pair that was put together at random is. Random pairs can be had: a
query with the positives of other queries. So the labelled pairs are a mixture of right and random ones, and
the random ones' distribution is known. A hard positive is one that other documents outrank; among a few
other queries' positives it still stands near the top. Where a share of labelled pairs is as the random ones
are, over the whole lower part of their scores, that share is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_SEGMENTS = 8
_STRENGTHS = (*logistic.STRENGTHS, 1.0)
_LEAST_SLOPE = 1e-3
"""What a segment's weight is at the least, so that no two pairs are equal that one ranker tells apart."""
_LAMBDAS = np.arange(0.1, 0.951, 0.05)
_RESAMPLES = 500
_MAX_PROBABILITY = 0.99


@dataclass(frozen=True)
class NoisyPositives:
    """What was learned of a collection's labelled pairs, or why nothing was.

    Attributes:
        why: Why nothing can be estimated; empty if it can.
        intercept: Log-odds of a labelled against a random pair where all features are 0.
        bends: Values of each feature, ascending, at which its slope may change.
        weights: The slopes, one for each segment between the bends of each feature.
        line: Intercept and slope, by log-odds, of the log density of right pairs over that of random ones.
        share: Estimated share of wrong pairs among the labelled ones.
        scales: How the scores of each ranker become features; this room does not read it.
        facts: The estimate's facts, for run.json.
    """

    why: str = ""
    intercept: float = 0.0
    bends: tuple[tuple[float, ...], ...] = ()
    weights: tuple[float, ...] = ()
    line: tuple[float, ...] = ()
    share: float = 0.0
    scales: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def probability(self, features: Matrix) -> Vector:
        """Returns (n,) float64: the probability that each labelled pair is wrong, NaN where not estimable.

        It is the local false discovery rate: the share of wrong pairs times the density of random ones, over
        the density of labelled ones, which are wrong and right ones.

        Args:
            features: (n, n_features) float64, NaN where a ranker gave no score.

        Source: Efron et al., Empirical Bayes analysis of a microarray experiment, JASA 96, 2001.
        """
        if self.why:
            return np.full(len(features), np.nan)
        logits = logistic.log_odds(segmented(features, self.bends), self.intercept, np.array(self.weights))
        probability = np.minimum(self.share / _density(logits, self.share, *self.line), _MAX_PROBABILITY)
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
        segments = sum(len(bends) + 1 for bends in built.bends)
        if len(built.weights) != segments or not (built.why or len(built.line) == 2):
            raise ValueError("bends, weights and line do not fit")
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
    bends = bends_of(labelled, random)
    rows = segmented(np.concatenate([labelled, random]), bends)
    is_labelled = np.arange(len(rows)) < len(labelled)
    queries = np.concatenate([labelled_queries, random_queries])
    priors = np.ones(rows.shape[1])
    fitted = logistic.fit(rows, is_labelled, queries, priors, np.zeros(len(priors), bool), _STRENGTHS)
    held_out = fitted.logits + _LEAST_SLOPE * rows.sum(axis=1)
    places = _places(held_out, is_labelled, logistic.folds(queries))
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
    weights = fitted.weights + _LEAST_SLOPE
    logits = logistic.log_odds(rows, fitted.intercept, weights)
    return NoisyPositives(
        intercept=fitted.intercept,
        bends=bends,
        weights=tuple(weights.tolist()),
        line=density_line(logits[is_labelled], logits[~is_labelled], share),
        share=share,
        facts={"estimable": True, "why": "", **facts},
    )


def bends_of(labelled: Matrix, random: Matrix) -> tuple[tuple[float, ...], ...]:
    """Returns the values of each feature at which its slope may change: octiles of both kinds of pairs.

    Both count as much, however many there are. A feature that hardly varies has fewer, or none.
    """
    shares = np.linspace(0, 1, 201)
    both = np.concatenate([np.quantile(labelled, shares, axis=0), np.quantile(random, shares, axis=0)])
    inner = np.quantile(both, np.arange(1, _SEGMENTS) / _SEGMENTS, axis=0)
    return tuple(tuple(np.unique(column).tolist()) for column in inner.T)


def segmented(features: Matrix, bends: Sequence[Sequence[float]]) -> Matrix:
    """Returns (n, n_segments) float64: how far each value goes through each segment between its bends.

    With a weight for each, none below 0, a model is additive in the features, and in each a line that bends
    but never falls: where more of it says nothing more, it is flat. The outer segments have no end.

    Args:
        features: (n, n_features) float64.
        bends: For each feature the values at which its slope may change, ascending.
    """
    columns = []
    for values, at in zip(features.T, bends, strict=True):
        columns.append(np.minimum(values - at[0], 0) if at else values)
        ends = [*at[1:], np.inf]
        columns += [np.clip(values - begin, 0, end - begin) for begin, end in zip(at, ends, strict=False)]
    return np.stack(columns, axis=-1)


def density_line(labelled: Vector, random: Vector, share: float) -> tuple[float, float]:
    """Returns intercept and slope of the log of the density of right pairs over that of random ones.

    They are those of the highest likelihood, where labelled pairs are random ones with a probability of
    `share`. The slope is not below 0.

    Args:
        labelled: (n,) float64, log-odds of labelled pairs.
        random: (m,) float64, of random ones.
        share: The share of wrong pairs among the labelled ones.

    Source: logistic regression with labels of which a known share is wrong, Copas, JRSS B 50, 1988.
    """
    from scipy.optimize import minimize

    more = np.log(len(labelled) / len(random))

    def loss(line: Vector) -> float:
        odds = [np.log(_density(logits, share, *line)) + more for logits in (labelled, random)]
        return float(np.logaddexp(0, -odds[0]).sum() + np.logaddexp(0, odds[1]).sum())

    found = minimize(loss, [0.0, 1.0], method="Nelder-Mead", bounds=[(None, None), (0.0, None)])
    return float(found.x[0]), float(found.x[1])


def _density(logits: Vector, share: float, intercept: float, slope: float) -> Vector:
    """Returns (n,) float64: the density of labelled pairs over that of random ones."""
    right = np.exp(np.clip(intercept + slope * logits, -50, 50))
    return np.asarray(share + (1 - share) * right)


def null_share(percentiles: Vector) -> tuple[float, float]:
    """Returns the share of labelled pairs that are as random ones are, and the bound it was read below.

    Wrong pairs have percentiles among the random ones that are uniform. If there are nearly only wrong ones
    below a bound, their share is the share of the pairs below it, divided by the bound. A high bound counts
    more pairs, but right ones too: the bound is the one with the least estimated mean square error, its bias
    being what its share exceeds the least of all shares by, each with two standard errors added: the lowest
    of so many is low by chance.

    Args:
        percentiles: (n,) float64, the place of each labelled pair among the random ones, 0 to 1.

    Source: Storey, Taylor and Siegmund, JRSS B 66, 2004, with a choice of the bound as in their section 6.
    """
    count = len(percentiles)
    below = np.array([(percentiles < bound).sum() for bound in _LAMBDAS])
    shares = below / count / _LAMBDAS
    variance = (below + 1) / (count * _LAMBDAS) ** 2
    bias = np.maximum(shares - (shares + 2 * np.sqrt(variance)).min(), 0)
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
