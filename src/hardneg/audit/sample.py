"""A random sample of the negatives to be judged, and the rate that its verdicts come to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hardneg import verdicts
from hardneg.audit.chances import Negatives
from hardneg.audit.estimate import Estimate, Numbers, bounds
from hardneg.errors import DataError
from hardneg.files import write_text
from hardneg.records import Collection
from hardneg.select import noise

FILE = "audit_sample.jsonl"
_STRATA = 5
_LEAST = 10


def draw(folder: Path, negatives: Negatives, collection: Collection, size: int, seed: int) -> int:
    """Writes a sample of a run's negatives to `audit_sample.jsonl`, and returns how many there are.

    The negatives are divided into strata of about equally many, by their probability or, without any, by
    their score; of each as many are drawn at random. A greater sample holds every smaller one of the seed.

    Args:
        folder: The run directory.
        negatives: Its negatives.
        collection: What was mined.
        size: How many to draw.
        seed: Of the draw, which depends on query and document alone.
    """
    strata = _strata(negatives)
    drawn = noise.uniform(
        seed, collection.queries.id_keys[negatives.query], collection.documents.keys[negatives.doc]
    )
    rows = []
    for stratum in range(_STRATA):
        own = np.flatnonzero(strata == stratum)
        taken = own[np.argsort(drawn[own], kind="stable")][: -(-size // _STRATA)]
        rows += [(float(drawn[at]), stratum, *negatives.ids[at]) for at in taken]
    lines = [
        json.dumps({"query_id": query, "doc_id": doc, "stratum": stratum}, ensure_ascii=False)
        for _, stratum, query, doc in sorted(rows)
    ]
    write_text(folder / FILE, "".join(f"{line}\n" for line in lines))
    return len(lines)


def estimated(folder: Path, negatives: Negatives) -> Estimate | None:
    """Returns the rate by the verdicts on a run's sample; None where there are too few.

    Within each stratum the mean difference of verdict and probability corrects the mean probability: the
    estimate is right however wrong the probabilities are, and the better they are the less it varies.

    Source: the difference estimator, Särndal, Swensson and Wretman, Model Assisted Survey Sampling, 6.3.
    """
    judged = _judged(folder, negatives)
    if len(judged) < _LEAST:
        return None
    chances = np.nan_to_num(negatives.probability, nan=0.0)
    strata = _strata(negatives)
    rate, variance = 0.0, 0.0
    apart = np.array([share - chances[at] for at, share in judged.items()])
    overall = float(apart.var(ddof=1)), float(apart.mean())
    for stratum in range(_STRATA):
        own = strata == stratum
        here = np.array([(share, chances[at]) for at, share in judged.items() if own[at]]).reshape(-1, 2)
        part = _stratum(chances[own], here[:, 0], here[:, 0] - here[:, 1], overall)
        weight = own.sum() / max(len(negatives), 1)
        rate, variance = rate + weight * part[0], variance + weight**2 * part[1]
    rate = min(max(rate, 0.0), 1.0)
    low, high = bounds(rate, variance, len(judged))
    return Estimate("judged_sample", rate, low, high, len(judged))


def _stratum(
    chances: Numbers, shares: Numbers, apart: Numbers, overall: tuple[float, float]
) -> tuple[float, float]:
    """Returns (mean, variance of the mean) of one stratum; what too few verdicts say is taken from all.

    Verdicts that are all alike do not say that there are no others: the variance is at least that of a rate
    with half a verdict more of each kind.
    """
    if not len(chances):
        return 0.0, 0.0
    smoothed = (shares.sum() + 0.5) / (len(shares) + 1)
    least = float(smoothed * (1 - smoothed)) if len(shares) else 0.0
    spread = max(float(apart.var(ddof=1)) if len(apart) > 1 else overall[0], least)
    mean = float(apart.mean()) if len(apart) else overall[1]
    left = max(1 - len(apart) / len(chances), 0.0)
    return float(chances.mean()) + mean, left * max(spread, 0.0) / max(len(apart), 1)


def _judged(folder: Path, negatives: Negatives) -> dict[int, float]:
    """Returns the share of judges who find a negative of the sample relevant, by the negative's place."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
        sample = [json.loads(line) for line in lines]
        pairs = [(row["query_id"], row["doc_id"]) for row in sample]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder / FILE} is damaged: {error}; draw it again with --sample") from error
    said = verdicts.relevance(verdicts.read(folder / verdicts.FILE))
    places = {pair: at for at, pair in enumerate(negatives.ids)}
    return {places[pair]: said[pair] for pair in pairs if pair in said and pair in places}


def _strata(negatives: Negatives) -> npt.NDArray[np.intp]:
    """Returns (n,) int: strata of about equally many, the most doubtful last."""
    doubt = negatives.probability
    if np.isnan(doubt).all():
        doubt = negatives.score
    order = np.argsort(np.nan_to_num(doubt, nan=-np.inf), kind="stable")
    strata = np.empty(len(order), np.intp)
    strata[order] = np.arange(len(order)) * _STRATA // max(len(order), 1)
    return strata
