"""The pairs that a cross-encoder learns from: positives, and other documents of the same queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hardneg.core.components import OpenedRanker
from hardneg.core.exclusions import Exclusions
from hardneg.core.progress import Progress
from hardneg.core.records import Candidates, Collection, FloatArray, IntArray, rows_of
from hardneg.rankers.sharded_search import Search, prepare

_DEPTH = 50
_HARD, _RANDOM = 3, 1
"""Documents of a query that are retrieved, and that are any."""
_POSITIVES = 4
_MOST_QUERIES = 20_000
_BLOCK = 1_024


@dataclass(frozen=True)
class TrainingPairs:
    """Pairs of queries and documents, those of a query together.

    Attributes:
        queries: (n,) int32, query rows.
        docs: (n,) int32, document rows.
        labels: (n,) float32, 1 for a positive, 0 for a document without a label or judged not relevant.
    """

    queries: IntArray
    docs: IntArray
    labels: FloatArray

    def of(self, queries: IntArray) -> TrainingPairs:
        """Returns the pairs of some queries."""
        kept = np.isin(self.queries, queries)
        return TrainingPairs(self.queries[kept], self.docs[kept], self.labels[kept])

    def blocks(self, size: int) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
        """Yields queries (m,), docs and labels (m, width), padded by -1 and NaN, `size` queries at a time."""
        rows, begins, counts = np.unique(self.queries, return_index=True, return_counts=True)
        for block in rows_of(len(rows), size):
            width = int(counts[block].max())
            docs = np.full((len(block), width), -1, np.int32)
            labels = np.full((len(block), width), np.nan, np.float32)
            for row, number in enumerate(block.tolist()):
                own = slice(begins[number], begins[number] + counts[number])
                docs[row, : counts[number]], labels[row, : counts[number]] = self.docs[own], self.labels[own]
            yield rows[block].astype(np.int32), docs, labels


def training_pairs(
    collection: Collection, rankers: Mapping[str, OpenedRanker], progress: Progress
) -> TrainingPairs:
    """Returns pairs of up to 20,000 queries, drawn by their ids.

    Of each query: up to four positives; three of the first 50 documents that the first retrieving ranker
    finds and one of the whole corpus, none of them a positive or a copy of one. The same collection and
    ranker give the same pairs.
    """
    queries = collection.judgments.queries_with_positives
    drawn = np.argsort(collection.queries.id_keys[queries], kind="stable")[:_MOST_QUERIES]
    queries = np.sort(queries[drawn]).astype(np.int32)
    exclusions = Exclusions(collection)
    ranker = next((ranker for ranker in rankers.values() if ranker.retrieves), None)
    rows: list[tuple[int, int, float]] = []
    with progress.task("draw pairs to train on", len(queries), "queries") as task:
        for numbers in rows_of(len(queries), _BLOCK):
            block = queries[numbers]
            retrieved = _without_positives(
                collection, exclusions, block, _retrieved(collection, ranker, block)
            )
            anything = _without_positives(collection, exclusions, block, _any(collection, block))
            for row, query in enumerate(block.tolist()):
                random = np.random.default_rng(int(collection.queries.id_keys[query]))
                positives = random.permutation(collection.judgments.positives(query))[:_POSITIVES]
                rows += [(query, int(doc), 1.0) for doc in positives]
                hard = random.permutation(retrieved[row][retrieved[row] >= 0])[:_HARD]
                others = [*hard, *anything[row][anything[row] >= 0][:_RANDOM]]
                rows += [(query, doc, 0.0) for doc in dict.fromkeys(int(doc) for doc in others)]
            task.advance(len(block))
    all_queries, docs, labels = zip(*rows, strict=True)
    return TrainingPairs(
        np.array(all_queries, np.int32), np.array(docs, np.int32), np.array(labels, np.float32)
    )


def _retrieved(collection: Collection, ranker: OpenedRanker | None, queries: IntArray) -> IntArray:
    """Returns (n, depth) int32: what a ranker finds; nothing without one."""
    if ranker is None:
        return np.full((len(queries), 1), -1, np.int32)
    depth = min(_DEPTH, len(collection.documents))
    prepare([ranker], [Search(queries, depth)])
    return ranker.search(queries, depth)[0]


def _any(collection: Collection, queries: IntArray) -> IntArray:
    """Returns (n, some) int32: documents drawn from the whole corpus."""
    keys = collection.queries.id_keys[queries].tolist()
    count = len(collection.documents)
    drawn = [np.random.default_rng([key, 1]).integers(0, count, 2 * _RANDOM + 2) for key in keys]
    return np.array(drawn, np.int32)


def _without_positives(
    collection: Collection, exclusions: Exclusions, queries: IntArray, docs: IntArray
) -> IntArray:
    """Returns the documents, -1 in the place of those that can be no negatives."""
    candidates = Candidates(queries, docs, np.zeros(docs.shape, np.int32), {}, {}, "", collection=collection)
    return np.where(exclusions.reasons(candidates) < 0, docs, -1).astype(np.int32)
