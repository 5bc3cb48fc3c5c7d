"""A random sample of the negatives to be judged, and the rate that its verdicts come to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hardneg.auditing.estimate import Estimate, Numbers, bounds
from hardneg.auditing.probabilities import Negatives
from hardneg.core import noise, verdicts
from hardneg.core.errors import DataError
from hardneg.core.files import write_text
from hardneg.core.records import Collection

FILE = "audit_sample.jsonl"
_STRATA = 5
_LEAST = 10


class Drawn(NamedTuple):
    """A negative of the sample."""

    query_id: str
    doc_id: str
    stratum: str


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
    sizes = {str(stratum): int((strata == stratum).sum()) for stratum in range(_STRATA)}
    return write(folder, [Drawn(query, doc, str(stratum)) for _, stratum, query, doc in sorted(rows)], sizes)


def write(folder: Path, drawn: Sequence[Drawn], sizes: Mapping[str, int]) -> int:
    """Writes a sample that was drawn at random within its strata, and returns how many there are.

    Args:
        folder: The run directory.
        drawn: The negatives, in the order in which to judge them.
        sizes: How many negatives of the run each stratum has.
    """
    rows = [{**one._asdict(), "size": sizes[one.stratum]} for one in drawn]
    write_text(folder / FILE, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))
    return len(rows)


def read(folder: Path) -> dict[Drawn, int]:
    """Returns a run's sample, and for each of it how many negatives of the run its stratum has.

    Raises:
        DataError: The file is damaged.
    """
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").split("\n")
        rows = [json.loads(line) for line in lines if line]
        return {Drawn(row["query_id"], row["doc_id"], row["stratum"]): int(row["size"]) for row in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{folder / FILE} is damaged: {error}; draw it again with --sample") from error


def estimated(folder: Path, negatives: Negatives) -> Estimate | None:
    """Returns the rate by the verdicts on a run's sample; None where there are too few.

    Within each stratum the mean difference of verdict and probability corrects the mean probability: the
    estimate is right however wrong the probabilities are, and the better they are the less it varies.

    Source: the difference estimator, Särndal, Swensson and Wretman, Model Assisted Survey Sampling, 6.3.
    """
    sampled = read(folder)
    said = verdicts.relevance(verdicts.read(folder / verdicts.FILE))
    places = {pair: at for at, pair in enumerate(negatives.ids)}
    chances = np.nan_to_num(negatives.probability, nan=0.0)
    judged: dict[str, list[tuple[float, float]]] = {}
    for one in sampled:
        pair = (one.query_id, one.doc_id)
        if pair in said and pair in places:
            judged.setdefault(one.stratum, []).append((said[pair], float(chances[places[pair]])))
    count = sum(map(len, judged.values()))
    if count < _LEAST:
        return None
    sizes = {one.stratum: size for one, size in sampled.items()}
    correction, variance = _corrected({name: np.array(said) for name, said in judged.items()}, sizes)
    rate = min(max(float(chances.mean()) + correction, 0.0), 1.0)
    low, high = bounds(rate, variance, count)
    beside = len(said) - count
    notes = (f"{beside} more verdicts are not on the sample and do not count here",) if beside else ()
    return Estimate("judged_sample", rate, low, high, count, notes)


def _corrected(judged: Mapping[str, Numbers], sizes: Mapping[str, int]) -> tuple[float, float]:
    """Returns the mean difference of verdicts and probabilities over all strata, and its variance.

    Strata without a verdict take the difference and the spread of all. Verdicts that are all alike do not say
    that there are no others: the variance is at least that of a rate with half a verdict more of each kind.

    Args:
        judged: For each stratum (n, 2) float64, shares of judges who find relevant, and probabilities.
        sizes: How many negatives each stratum has.
    """
    every = np.concatenate(list(judged.values()))
    total, correction, variance = sum(sizes.values()), 0.0, 0.0
    for name, size in sizes.items():
        own = judged.get(name, every)
        apart = own[:, 0] - own[:, 1]
        smoothed = (own[:, 0].sum() + 0.5) / (len(own) + 1)
        spread = max(float(apart.var(ddof=1)) if len(own) > 1 else 0.0, smoothed * (1 - smoothed))
        left = max(1 - len(own) / size, 0.0) if name in judged else 1.0
        correction += size / total * float(apart.mean())
        variance += (size / total) ** 2 * left * spread / len(own)
    return correction, float(variance)


def _strata(negatives: Negatives) -> npt.NDArray[np.intp]:
    """Returns (n,) int: strata of about equally many, the most doubtful last."""
    doubt = negatives.probability
    if np.isnan(doubt).all():
        doubt = negatives.score
    order = np.argsort(np.nan_to_num(doubt, nan=-np.inf), kind="stable")
    strata = np.empty(len(order), np.intp)
    strata[order] = np.arange(len(order)) * _STRATA // max(len(order), 1)
    return strata
