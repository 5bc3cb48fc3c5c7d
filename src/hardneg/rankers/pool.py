"""Pools the lists of several rankers for a block of queries; every ranker scores every document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hardneg.core.components import OpenedRanker
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray, IntArray, checked_scores
from hardneg.rankers.fusion import FUSIONS, Fused
from hardneg.rankers.sharded_search import Search, prepare


class Pool:
    """The union of the rankers' lists and the positives, in one order.

    Args:
        collection: The queries, documents and judgments.
        rankers: By name.
        order: A fusion (`rrf`, `minmax`, `zscore`), or the name of the ranker whose scores give the order.
        scorer: The ranker that thresholds read.
    """

    def __init__(
        self, collection: Collection, rankers: Mapping[str, OpenedRanker], order: str, scorer: str
    ) -> None:
        self._collection = collection
        self._rankers = rankers
        self._order = order
        self._scorer = scorer

    def prepare(self, searches: Sequence[Search]) -> None:
        """Prepares these searches by the rankers that need it."""
        prepare(self._rankers.values(), searches)

    def candidates(self, queries: IntArray, depth: int) -> Candidates:
        """Returns the pools of query rows, `depth` documents per ranker, without anchor scores.

        Raises:
            SearchNotPrepared: A ranker must prepare this search first.
            DataError: A ranker gives an infinite score.
        """
        depth = min(depth, len(self._collection.documents))
        lists = {name: r.search(queries, depth)[0] for name, r in self._rankers.items() if r.retrieves}
        docs = _union([*lists.values(), self._positives(queries)])
        ranks = {name: _ranks(docs, listed) for name, listed in lists.items()}
        scores = {name: checked_scores(name, r.score(queries, docs)) for name, r in self._rankers.items()}
        retrieved = np.asarray(np.stack(list(ranks.values())).any(axis=0))
        order, pool_ranks = _ordered(docs, self._fused(ranks, scores), retrieved)
        short = [(listed < 0).any(axis=1) for listed in lists.values()]
        exhausted = np.all(short, axis=0) | (depth == len(self._collection.documents))
        return Candidates(
            queries,
            np.take_along_axis(docs, order, axis=1),
            pool_ranks,
            {name: np.take_along_axis(values, order, axis=1) for name, values in scores.items()},
            {},
            self._scorer,
            exhausted=np.asarray(exhausted, bool),
            collection=self._collection,
        )

    def _positives(self, queries: IntArray) -> IntArray:
        positives = [self._collection.judgments.positives(int(query)) for query in queries]
        width = max((len(docs) for docs in positives), default=0)
        padded = np.full((len(queries), width), -1, np.int32)
        for row, docs in enumerate(positives):
            padded[row, : len(docs)] = docs
        return padded

    def _fused(self, ranks: Mapping[str, IntArray], scores: Mapping[str, FloatArray]) -> Fused:
        if self._order in scores:
            values = scores[self._order].astype(np.float64)
            return np.where(np.isnan(values), -np.inf, values)
        if len(ranks) == 1:
            [only] = ranks.values()
            return np.where(only > 0, -only, -np.inf).astype(np.float64)
        return FUSIONS[self._order](list(ranks.values()), [scores[name] for name in ranks])


def _union(lists: list[IntArray]) -> IntArray:
    """Returns (n, widest union) int32: the distinct documents of each query ascending, then -1."""
    merged = np.sort(np.concatenate(lists, axis=1), axis=1)
    repeated = np.zeros(merged.shape, bool)
    repeated[:, 1:] = merged[:, 1:] == merged[:, :-1]
    last = np.iinfo(np.int32).max
    merged = np.sort(np.where(repeated | (merged < 0), last, merged), axis=1)
    width = int((merged < last).sum(axis=1).max(initial=1))
    merged = merged[:, : max(width, 1)]
    return np.where(merged == last, -1, merged).astype(np.int32)


def _ranks(docs: IntArray, lists: IntArray) -> IntArray:
    """Returns (n, depth) int32: the rank of each document in a list, 0 if it is not in it."""
    ranks = np.zeros(docs.shape, np.int32)
    for row, padded in enumerate(lists):
        listed = padded[padded >= 0]
        count = int((docs[row] >= 0).sum())
        ranks[row, np.searchsorted(docs[row, :count], listed)] = np.arange(1, len(listed) + 1)
    return ranks


def _ordered(docs: IntArray, fused: Fused, retrieved: BoolArray) -> tuple[IntArray, IntArray]:
    """Returns the columns of each row best first, those that no ranker retrieved last, and their ranks."""
    last = np.where(docs < 0, 2, np.where(retrieved, 0, 1))
    order = np.lexsort((docs, -fused, last)).astype(np.int32)
    ranks = np.broadcast_to(np.arange(1, docs.shape[1] + 1, dtype=np.int32), docs.shape)
    ranked = np.take_along_axis(retrieved & (docs >= 0), order, axis=1)
    return order, np.where(ranked, ranks, 0).astype(np.int32)
