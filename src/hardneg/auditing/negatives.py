"""The negatives of a run as columns: ids, probabilities, scores, ranks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hardneg.auditing.hardness import Hardness, hardness
from hardneg.core.records import Candidates, Decision, IntArray
from hardneg.core.statistics import Floats
from hardneg.mining.miner import Reselector
from hardneg.runs import ledger


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
        parts = [_part(reselector, number) for number in range(len(reselector.blocks))]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}
        return cls(
            **columns,
            rankers=parts[0]["rankers"] if parts else (),
            expected=sum(part["expected"] for part in parts),
            labelled=int(reselector.validation.calibration.facts.get("positives", 0)),
            estimable=not reselector.validation.calibration.why,
            ids=tuple(pair for part in parts for pair in part["ids"]),
        )

    def hardness(self) -> Hardness:
        """Returns their hardness by the scorer."""
        return hardness(self.score, self.anchor, self.rank)


_COLUMNS = ("query", "doc", "probability", "score", "anchor", "rank", "leader")


def _part(reselector: Reselector, number: int) -> dict[str, Any]:
    """Returns the negatives of one part of the ledger."""
    table = ledger.read_part(reselector.blocks[number]).table
    candidates = reselector.candidates(number)
    places = {pair: place for place, pair in enumerate(_pairs(candidates))}
    flat = np.flatnonzero(candidates.docs.ravel() >= 0)
    ids = list(zip(table["query_id"].to_pylist(), table["doc_id"].to_pylist(), strict=True))
    chosen = np.flatnonzero(table["decision"].to_numpy() == Decision.NEGATIVE)
    pairs = [ids[row] for row in chosen]
    query = reselector.collection.queries.rows([pair[0] for pair in pairs])
    doc = reselector.collection.documents.rows([pair[1] for pair in pairs])
    cells = (
        flat[[places[pair] for pair in zip(query.tolist(), doc.tolist(), strict=True)]] if pairs else flat[:0]
    )
    copies = table["copies"].to_numpy()[chosen]
    scorer, rankers = candidates.scorer, [n for n in candidates.scores if f"score.{n}" in table.column_names]
    anchors = table[f"positive.{scorer}"].to_numpy(zero_copy_only=False)[chosen]
    probability = candidates.probability
    assert probability is not None
    columns: dict[str, Any] = {
        "query": query,
        "doc": doc,
        "probability": probability.ravel()[cells].astype(np.float64),
        "score": candidates.score().ravel()[cells].astype(np.float64),
        "anchor": anchors.astype(np.float64),
        "rank": candidates.ranks.ravel()[cells],
        "leader": _leader(candidates, rankers).ravel()[cells],
    }
    repeated = {name: np.repeat(values, copies) for name, values in columns.items()}
    return {
        **repeated,
        "ids": [pair for pair, count in zip(pairs, copies, strict=True) for _ in range(count)],
        "rankers": tuple(rankers),
        "expected": float(np.nansum(probability)),
    }


def _pairs(candidates: Candidates) -> Iterator[tuple[int, int]]:
    rows, columns = np.nonzero(candidates.docs >= 0)
    docs = candidates.docs[rows, columns]
    yield from zip(candidates.queries[rows].tolist(), docs.tolist(), strict=True)


def _leader(candidates: Candidates, rankers: Sequence[str]) -> IntArray:
    """Returns (n_queries, depth) int32: the ranker that ranks each candidate highest, the first on ties."""
    ranks = np.stack([_ranked(candidates.rank(name)) for name in rankers])
    return np.asarray(ranks.argmin(axis=0), np.int32)


def _ranked(ranks: IntArray) -> IntArray:
    return np.where(ranks > 0, ranks, np.iinfo(np.int32).max).astype(np.int32)
