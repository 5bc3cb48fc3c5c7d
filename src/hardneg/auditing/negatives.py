"""The negatives of a run as columns: ids, probabilities, scores, ranks; and how hard they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from hardneg.core.records import BoolArray, Candidates, Decision, IntArray
from hardneg.core.statistics import Floats, Interval, bootstrap_ratio
from hardneg.mining.miner import Reselector

Hardness = dict[str, float | None]
_COLUMNS = ("query", "doc", "probability", "score", "anchor", "rank", "leader")


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
        leader: (n,) int, index of the ranker that ranks it highest.
        rankers: The rankers' names.
        expected: Expected number of unlabelled relevant documents among all candidates.
        labelled: Number of labelled positives behind the calibration.
        estimable: Whether there is a calibration.
        ids: (query_id, doc_id) of each.
    """

    query: IntArray
    doc: IntArray
    probability: Floats
    score: Floats
    anchor: Floats
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
    def of(cls, reselector: Reselector) -> Negatives:
        """Returns the negatives that a run's ledger names, with a calibrated reselector's probabilities."""
        parts = [_part(reselector, number) for number in range(len(reselector.sizes))]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}
        return cls(
            **columns,
            rankers=parts[0]["rankers"] if parts else (),
            expected=sum(part["expected"] for part in parts),
            labelled=int(reselector.validation.calibration.facts.get("positives", 0)),
            estimable=not reselector.validation.calibration.why,
            ids=tuple(pair for part in parts for pair in part["ids"]),
        )

    def mean_probability(self, members: BoolArray) -> Interval:
        """Returns the mean probability of some negatives, with its bootstrap interval over queries."""
        probability = self.probability[members]
        owners = np.unique(self.query[members], return_inverse=True)[1].ravel()
        ends = bootstrap_ratio(np.bincount(owners, probability), np.bincount(owners))
        return Interval(float(probability.mean()), *ends)

    def hardness(self) -> Hardness:
        """Returns their hardness by the scorer."""
        return hardness(self.score, self.anchor, self.rank)


def _part(reselector: Reselector, number: int) -> dict[str, Any]:
    """Returns the negatives of one part of the ledger."""
    table = reselector.ledger.read(number).table
    table = table.filter(pc.equal(table["decision"], Decision.NEGATIVE))
    candidates = reselector.candidates(number)
    pairs = list(zip(table["query_id"].to_pylist(), table["doc_id"].to_pylist(), strict=True))
    query = reselector.collection.queries.rows([query for query, _ in pairs])
    doc = reselector.collection.documents.rows([doc for _, doc in pairs])
    cells = _cells(candidates, query, doc)
    rankers = [name for name in candidates.scores if f"score.{name}" in table.column_names]
    probability = candidates.probability
    assert probability is not None
    columns: dict[str, Any] = {
        "query": query,
        "doc": doc,
        "probability": probability[cells].astype(np.float64),
        "score": candidates.score()[cells].astype(np.float64),
        "anchor": table[f"positive.{candidates.scorer}"].to_numpy().astype(np.float64),
        "rank": candidates.ranks[cells],
        "leader": _leader(candidates, rankers)[cells],
    }
    copies = table["copies"].to_numpy()
    repeated = {name: np.repeat(values, copies) for name, values in columns.items()}
    return {
        **repeated,
        "ids": [pair for pair, count in zip(pairs, copies, strict=True) for _ in range(count)],
        "rankers": tuple(rankers),
        "expected": float(np.nansum(probability)),
    }


def _cells(candidates: Candidates, queries: IntArray, docs: IntArray) -> tuple[IntArray, IntArray]:
    """Returns the rows and the columns at which pairs of a query and a document are in the candidates."""
    rows, columns = np.nonzero(candidates.docs >= 0)
    pairs = zip(candidates.queries[rows].tolist(), candidates.docs[rows, columns].tolist(), strict=True)
    places = {pair: place for place, pair in enumerate(pairs)}
    chosen = [places[pair] for pair in zip(queries.tolist(), docs.tolist(), strict=True)]
    return rows[chosen].astype(np.int32), columns[chosen].astype(np.int32)


def _leader(candidates: Candidates, rankers: Sequence[str]) -> IntArray:
    """Returns (n_queries, depth) int32: the ranker that ranks each candidate highest, the first on ties."""
    ranks = np.stack([candidates.rank(name) for name in rankers])
    return np.asarray(np.where(ranks > 0, ranks, np.iinfo(np.int32).max).argmin(axis=0), np.int32)


def hardness(score: Floats, anchor: Floats, rank: IntArray) -> Hardness:
    """Returns mean `score`, median `relative_margin` and mean `rank`; None without finite values.

    Scores and anchors are (n,) float64 by one ranker, NaN where there is none, ranks 0 where there is none.
    The margin is a median because it has no bound where the weakest positive scores near zero.
    """
    with np.errstate(all="ignore"):
        margin = (anchor - score) / np.abs(anchor)
    return {
        "score": _average(score, np.mean),
        "relative_margin": _average(margin, np.median),
        "rank": _average(rank[rank > 0].astype(np.float64), np.mean),
    }


def _average(values: Floats, average: Callable[[Floats], np.floating[Any]]) -> float | None:
    finite = values[np.isfinite(values)]
    return round(float(average(finite)), 5) if len(finite) else None
