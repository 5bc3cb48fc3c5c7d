"""Compares estimates of how many candidates are relevant without a label, on simulated collections.

Each query has 40 candidates with one score. In all three kinds the labelled positives score alike:

- `missing labels`: a tenth of the candidates is relevant, of which a share is labelled;
- `related`: the same, but half of what scores as high as relevant documents does not answer;
- `complete`: all relevant documents are labelled, and the others that score as high are hard negatives.

Printed is the expected number of unlabelled relevant candidates by each estimate, as a ratio to the true
number (`complete`: as a share of the candidates that score as high), after 0, 20 and 60 verdicts on the
likeliest pairs.

    python benchmarks/label_frequency.py [--seeds 10]
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import typer
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from hardneg.calibration.calibration import Calibration, calibrate
from hardneg.calibration.features import POSITIVE, UNLABELLED, Column, Sample
from hardneg.calibration.label_frequency import relevance_probability
from hardneg.core.records import Candidates

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

QUERIES, DEPTH, RELEVANT = 400, 40, 0.1
SCORES = [Column("scores", "dense", "absolute", 1.0)]
KINDS = {"missing labels": (1.0, 0.3), "related": (0.5, 0.3), "complete": (0.5, 1.0)}
"""Of what scores high the share that is relevant, and the share of the relevant that is labelled."""


def main(seeds: int = 10) -> None:
    """Prints one line for each kind and number of verdicts."""
    print(f"{'':16s} {'verdicts':>8s} {'bound':>7s} {'logistic':>8s} {'hardneg':>8s}")
    for kind in KINDS:
        for verdicts in (0, 20, 60):
            found = [ratios(kind, seed, verdicts) for seed in range(seeds)]
            bound, scaled, ours = (float(np.median(values)) for values in zip(*found, strict=True))
            print(f"{kind:16s} {verdicts:8d} {bound:7.2f} {scaled:8.2f} {ours:8.2f}", flush=True)


def ratios(kind: str, seed: int, verdicts: int) -> tuple[float, float, float]:
    """Returns the expected number by the bound of TIcE, by a scaled logistic model, and by hardneg."""
    sample, relevant, high = simulated(kind, seed)
    unlabelled = sample.status == UNLABELLED
    true = relevant[unlabelled].sum() or high[unlabelled].sum()
    learned = calibrate([sample], SCORES)
    logits = sample.candidates.scores["dense"].astype(np.float64)
    judged = learned.scaled_by([judge(learned, sample, relevant, verdicts)]) if verdicts else learned
    ours = judged.probability(sample)[unlabelled].sum() / true
    if verdicts:
        return float("nan"), float("nan"), ours
    odds = learned.if_unlabelled(sample) / learned.unlabelled_per_labelled
    bound = relevance_probability(np.log(odds[unlabelled]), float(learned.facts["top_labelled_share"])).sum()
    return bound / true, scaled_logistic(logits, sample.status == POSITIVE) / true, ours


def simulated(kind: str, seed: int) -> tuple[Sample, Bools, Bools]:
    """Returns candidates, which are relevant, and which score as relevant ones do."""
    purity, labelled_share = KINDS[kind]
    rng = np.random.default_rng(seed)
    high = rng.random((QUERIES, DEPTH)) < RELEVANT / purity
    relevant = high & (rng.random(high.shape) < purity)
    labelled = relevant & (rng.random(high.shape) < labelled_share)
    scores = rng.normal(size=high.shape) + np.where(high, 3.0, 0.0)
    order = np.argsort(-scores, axis=1)
    scores = np.take_along_axis(scores, order, 1)
    high, relevant, labelled = (np.take_along_axis(mask, order, 1) for mask in (high, relevant, labelled))
    docs = np.tile(np.arange(DEPTH, dtype=np.int32), (QUERIES, 1))
    rows = np.arange(QUERIES, dtype=np.int32)
    candidates = Candidates(rows, docs, docs + 1, {"dense": scores.astype(np.float32)}, {}, "dense")
    status = np.where(labelled, POSITIVE, UNLABELLED).astype(np.int32)
    return Sample(candidates, status), relevant & ~labelled, high


def judge(learned: Calibration, sample: Sample, relevant: Bools, count: int) -> tuple[Any, Any]:
    """Returns true verdicts on the likeliest pairs, and the probabilities."""
    probability = learned.probability(sample)
    shares = np.full(probability.shape, np.nan, np.float32)
    likeliest = np.argsort(-np.nan_to_num(probability, nan=-1), axis=None)[:count]
    shares.ravel()[likeliest] = relevant.ravel()[likeliest]
    return shares, probability


def scaled_logistic(scores: Floats, labelled: Bools) -> float:
    """Returns the expected number by `frequency * sigmoid(a + b * score)`, all three fitted at once.

    Source: Jaskie, Elkan and Spanias, A modified logistic regression for positive and unlabeled learning,
    2019.
    """

    def loss(parameters: Floats) -> float:
        a, b, c = parameters
        own = log_expit(c) + log_expit(a + np.exp(b) * scores)
        return float(-np.where(labelled, own, np.log1p(-np.minimum(np.exp(own), 1 - 1e-9))).sum())

    starts = ([-4.0, 0.0, c] for c in (-2.0, 0.0, 3.0))
    a, b, c = min((minimize(loss, start, method="Nelder-Mead") for start in starts), key=lambda s: s.fun).x
    relevant = expit(a + np.exp(b) * scores)
    hidden = (1 - expit(c)) * relevant / (1 - expit(c) * relevant)
    return float(hidden[~labelled].sum())


if __name__ == "__main__":
    typer.run(main)
