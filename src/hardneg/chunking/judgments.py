"""Judgments of documents carried over to their chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from hardneg.core.components import Context, Ranker
from hardneg.core.records import (
    BoolArray,
    Collection,
    Documents,
    FloatArray,
    IntArray,
    Judgments,
    PairSet,
    rows_of,
)

_BLOCK = 256
"""Pairs of a query and a relevant document whose chunks are scored together."""


class Judged(NamedTuple):
    """A judgment of a document, carried over.

    Attributes:
        query: The query's row.
        doc: The document's row.
        relevance: The document's relevance.
        listed: The places of the chunks that have it, from 0.
        neutral: The places of those that are neither positive nor negative.
    """

    query: int
    doc: int
    relevance: int
    listed: Sequence[int]
    neutral: Sequence[int]


class ChunkRows:
    """The rows of the chunks of each document.

    Args:
        ids: (n_docs,) the ids of the documents.
        counts: (n_docs,) int32, how many chunks each has.
        chunks: The chunks; equal ones share a row.
    """

    def __init__(self, ids: Sequence[str], counts: IntArray, chunks: Documents) -> None:
        self.counts = counts
        self._ids, self._chunks = ids, chunks

    def of(self, docs: IntArray) -> IntArray:
        """Returns (n, most) int32: the rows of the chunks of each document, -1 behind the last."""
        counts = self.counts[docs]
        rows = np.full((len(docs), int(counts.max(initial=0))), -1, np.int32)
        names = [
            chunk_id(self._ids[doc], place) for doc in docs.tolist() for place in range(self.counts[doc])
        ]
        rows[np.arange(rows.shape[1]) < counts[:, None]] = self._chunks.rows(names)
        return rows


def chunk_id(doc_id: str, place: int) -> str:
    """Returns the id of a chunk by its place, from 0: `ID#1` for the first, which no other document's is."""
    return f"{doc_id}#{place + 1}"


def carried_over(
    source: Collection,
    chunks: ChunkRows,
    ranked: Collection,
    ranker: Ranker,
    positives: Literal["best", "all"],
    context: Context,
) -> Iterator[Judged]:
    """Yields the judgments of a collection, carried over, in their order.

    Args:
        source: The collection whose documents were cut.
        chunks: Where the chunks are.
        ranked: The chunks as documents, with the queries of `source`.
        ranker: Finds the best chunk of a relevant document.
        positives: Which chunks of a relevant document are positives.
        context: What the ranker may use.
    """
    judgments, counts = source.judgments, chunks.counts
    chosen = (judgments.relevance >= judgments.min_relevance) & (counts[judgments.doc] > 1)
    best = np.full(len(judgments), -1, np.int32)
    if positives == "best" and chosen.any():
        pairs = judgments.only(chosen)
        best[chosen] = _best(pairs, chunks, ranked, ranker, _not_relevant(judgments, chunks), context)
    columns = (judgments.query, judgments.doc, judgments.relevance, best)
    for query, doc, relevance, place in zip(*(column.tolist() for column in columns), strict=True):
        places = range(counts[doc])
        if place < 0:
            yield Judged(query, doc, relevance, places, ())
        else:
            yield Judged(query, doc, relevance, [place], [other for other in places if other != place])


def _not_relevant(judgments: Judgments, chunks: ChunkRows) -> PairSet:
    """Returns the chunks of documents judged not relevant, with their queries."""
    pairs = judgments.only(judgments.relevance < judgments.min_relevance)
    queries, docs = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for block in rows_of(len(pairs), _BLOCK):
        rows = chunks.of(pairs.doc[block])
        docs.append(rows[rows >= 0])
        queries.append(np.repeat(pairs.query[block], (rows >= 0).sum(axis=1)))
    return PairSet(np.concatenate(queries), np.concatenate(docs))


def _best(
    pairs: Judgments,
    chunks: ChunkRows,
    ranked: Collection,
    ranker: Ranker,
    not_relevant: PairSet,
    context: Context,
) -> IntArray:
    """Returns (n,) int32: the place of the best chunk of each pair's document, the first of equal ones."""
    opened = ranker.open(ranked, context)
    best = np.empty(len(pairs), np.int32)
    with context.progress.task("find best chunks", len(pairs), "judgments") as task:
        for block in rows_of(len(pairs), _BLOCK):
            queries, rows = pairs.query[block], chunks.of(pairs.doc[block])
            best[block] = best_places(opened.score(queries, rows), rows, not_relevant.has(queries, rows))
            task.advance(len(block))
    return best


def best_places(scores: FloatArray, rows: IntArray, doubtful: BoolArray) -> IntArray:
    """Returns (n,) int32: the place of the best chunk in each row, the first of equal ones.

    Args:
        scores: (n, most) float32, NaN where there is none.
        rows: (n, most) int32, -1 for no chunk.
        doubtful: (n, most) bool, chunks that are taken only where there are no others.
    """
    values = np.where(np.isnan(scores), np.finfo(np.float32).min, scores)
    allowed = (rows >= 0) & ~doubtful
    allowed = np.where(allowed.any(axis=1, keepdims=True), allowed, rows >= 0)
    best: IntArray = np.where(allowed, values, -np.inf).argmax(axis=1).astype(np.int32)
    return best
