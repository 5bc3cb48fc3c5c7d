"""The negatives of a run with what is known of each, and the rate that their probabilities come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hardneg.auditing.estimate import Estimate, Numbers, resampled
from hardneg.auditing.hardness import Hardness, hardness
from hardneg.core.records import Candidates, Decision, IntArray
from hardneg.mining.miner import Reselector


@dataclass(frozen=True)
class Negatives:
    """The negatives of a run, one entry each.

    Attributes:
        query: (n,) int32, query rows.
        doc: (n,) int32, document rows.
        probability: (n,) float64, NaN where there is none.
        score: (n,) float64, by the scorer.
        anchor: (n,) float64, the anchor score.
        rank: (n,) int32, 0 where there is none.
        leader: (n,) int, which ranker places it highest.
        rankers: Their names.
        expected: How many unlabelled relevant documents the probabilities come to among all candidates.
        labelled: How many labelled positives calibration rests on.
        estimable: Whether there is a calibration at all.
        ids: (query_id, doc_id) of each.
    """

    query: IntArray
    doc: IntArray
    probability: Numbers
    score: Numbers
    anchor: Numbers
    rank: IntArray
    leader: IntArray
    rankers: tuple[str, ...]
    expected: float
    labelled: int
    estimable: bool
    ids: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.query)

    @classmethod
    def of(cls, chooser: Reselector) -> Negatives:
        """Returns the negatives that a run's ledger names, with the probabilities of a calibrated chooser."""
        parts = [_part(chooser, number) for number in range(len(chooser.sizes))]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}
        return cls(
            **joined,
            rankers=parts[0]["rankers"] if parts else (),
            expected=sum(part["expected"] for part in parts),
            labelled=int(chooser.validation.calibration.facts.get("positives", 0)),
            estimable=not chooser.validation.calibration.why,
            ids=tuple(pair for part in parts for pair in part["ids"]),
        )

    def hardness(self) -> Hardness:
        """Returns how hard they are by the scorer."""
        return hardness(self.score, self.anchor, self.rank)


_COLUMNS = ("query", "doc", "probability", "score", "anchor", "rank", "leader")


def calibrated(negatives: Negatives) -> Estimate | None:
    """Returns the mean probability of the negatives; None where there are no probabilities."""
    known = ~np.isnan(negatives.probability)
    if not negatives.estimable or not known.any():
        return None
    _, owners = np.unique(negatives.query[known], return_inverse=True)
    chances = np.bincount(owners.ravel(), negatives.probability[known])
    low, high = resampled(chances, np.bincount(owners.ravel()))
    rate = float(negatives.probability[known].mean())
    note = "the interval is that of the queries' draw; it does not know whether calibration holds"
    return Estimate("calibrated", rate, low, high, negatives.labelled, (note,))


def _part(chooser: Reselector, number: int) -> dict[str, Any]:
    """Returns the negatives of one part of the ledger."""
    table = chooser.ledger.read(number).table
    candidates = chooser.candidates(number)
    place = {pair: at for at, pair in enumerate(_pairs(candidates))}
    flat = np.flatnonzero(candidates.docs.ravel() >= 0)
    ids = list(zip(table["query_id"].to_pylist(), table["doc_id"].to_pylist(), strict=True))
    chosen = np.flatnonzero(table["decision"].to_numpy() == Decision.NEGATIVE)
    names = [ids[row] for row in chosen]
    query = chooser.collection.queries.rows([pair[0] for pair in names])
    doc = chooser.collection.documents.rows([pair[1] for pair in names])
    at = flat[[place[pair] for pair in zip(query.tolist(), doc.tolist(), strict=True)]] if names else flat[:0]
    copies = table["copies"].to_numpy()[chosen]
    scorer, rankers = candidates.scorer, [n for n in candidates.scores if f"score.{n}" in table.column_names]
    anchors = table[f"positive.{scorer}"].to_numpy(zero_copy_only=False)[chosen]
    probability = candidates.probability
    assert probability is not None
    found: dict[str, Any] = {
        "query": query,
        "doc": doc,
        "probability": probability.ravel()[at].astype(np.float64),
        "score": candidates.score().ravel()[at].astype(np.float64),
        "anchor": anchors.astype(np.float64),
        "rank": candidates.ranks.ravel()[at],
        "leader": _leader(candidates, rankers).ravel()[at],
    }
    repeated = {name: np.repeat(values, copies) for name, values in found.items()}
    return {
        **repeated,
        "ids": [pair for pair, count in zip(names, copies, strict=True) for _ in range(count)],
        "rankers": tuple(rankers),
        "expected": float(np.nansum(probability)),
    }


def _pairs(candidates: Candidates) -> Iterator[tuple[int, int]]:
    rows, columns = np.nonzero(candidates.docs >= 0)
    docs = candidates.docs[rows, columns]
    yield from zip(candidates.queries[rows].tolist(), docs.tolist(), strict=True)


def _leader(candidates: Candidates, rankers: Sequence[str]) -> IntArray:
    """Returns (n_queries, depth) int32: the ranker that places each candidate highest, the first on ties."""
    ranks = np.stack([_ranked(candidates.rank(name)) for name in rankers])
    return np.asarray(ranks.argmin(axis=0), np.int32)


def _ranked(ranks: IntArray) -> IntArray:
    return np.where(ranks > 0, ranks, np.iinfo(np.int32).max).astype(np.int32)
