"""Ranked runs to evaluate: scores by query and document, read from TREC files or searched by rankers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hardneg.core.components import OpenedRanker
from hardneg.core.files import write_text
from hardneg.core.records import Collection, IntArray, rows_of
from hardneg.exporters.rows import no_spaces
from hardneg.rankers.run import RunFile

QUERIES = 256
"""Queries searched at a time."""


@dataclass(frozen=True)
class SystemRun:
    """The results of one system for the judged queries of a collection.

    Attributes:
        name: The system's name.
        scores: Score by query id and document id; queries without results are not in it.
        facts: Settings and digests of the system.
        unjudged_queries: How many queries of a file are not among the judged.
        copies: How many documents of a file were left out, being copies of others in the same list.
    """

    name: str
    scores: Mapping[str, Mapping[str, float]]
    facts: Mapping[str, object] = field(default_factory=dict)
    unjudged_queries: int = 0
    copies: int = 0


def read(name: str, path: Path, collection: Collection) -> SystemRun:
    """Returns a TREC run file, as trec_eval reads it: by its scores, whatever its ranks say.

    Documents that the collection lacks keep their ranks. Ids of merged duplicates mean the document that
    was kept, whose best score counts.

    Raises:
        DataError: The file cannot be read, or a line is wrong; the message names it.
    """
    lines = RunFile(path)
    judged = set(collection.queries.table["query_id"].to_pylist())
    rows = collection.documents.rows(lines.docs)
    ids = iter(collection.documents.ids(rows[rows >= 0]))
    docs = [next(ids) if row >= 0 else doc for row, doc in zip(rows, lines.docs, strict=True)]
    scores: dict[str, dict[str, float]] = {}
    copies = 0
    for query, doc, score in zip(lines.queries, docs, lines.scores.tolist(), strict=True):
        if query in judged:
            query_scores = scores.setdefault(query, {})
            copies += doc in query_scores
            query_scores[doc] = max(score, query_scores.get(doc, score))
    unjudged = len(set(lines.queries) - judged)
    return SystemRun(name, scores, {"file": path.name}, unjudged, copies)


def search(
    name: str, ranker: OpenedRanker, collection: Collection, depth: int, pool: OpenedRanker | None = None
) -> SystemRun:
    """Returns the run of a ranker for the judged queries.

    Args:
        name: The system's name.
        ranker: Searches the corpus, or scores the pool.
        collection: Its queries are all judged.
        depth: Documents per query.
        pool: Retrieves the documents for a ranker that only scores.
    """
    depth = min(depth, len(collection.documents))
    scores: dict[str, dict[str, float]] = {}
    for queries in rows_of(len(collection.queries), QUERIES):
        for query, docs, doc_scores in _ranked(ranker, collection, queries, depth, pool):
            if len(docs):
                ids = collection.documents.ids(docs)
                scores[query] = dict(zip(ids, doc_scores, strict=True))
    return SystemRun(name, scores, dict(ranker.facts))


def write(run: SystemRun, path: Path) -> None:
    """Writes a TREC run, best first, ties by descending id as in trec_eval.

    Raises:
        DataError: It cannot be written, or an id has white space in it.
    """
    lines: list[str] = []
    tag = "_".join(run.name.split()) or "run"
    for query, scores in run.scores.items():
        ordered = sorted(scores.items(), key=lambda item: (item[1], item[0]), reverse=True)
        query = no_spaces("query", query)
        for rank, (doc, score) in enumerate(ordered, 1):
            lines.append(f"{query} Q0 {no_spaces('document', doc)} {rank} {score!r} {tag}")
    write_text(path, "".join(f"{line}\n" for line in lines))


def _ranked(
    ranker: OpenedRanker, collection: Collection, queries: IntArray, depth: int, pool: OpenedRanker | None
) -> Iterator[tuple[str, IntArray, list[float]]]:
    """Yields (query_id, docs, scores) for a block of queries, documents without a score left out."""
    docs, scores = (pool if pool is not None and not ranker.retrieves else ranker).search(queries, depth)
    if not ranker.retrieves:
        scores = ranker.score(queries, docs)
    for query, row_docs, row_scores in zip(collection.queries.ids(queries), docs, scores, strict=True):
        kept = (row_docs >= 0) & ~np.isnan(row_scores)
        yield query, row_docs[kept], row_scores[kept].tolist()
