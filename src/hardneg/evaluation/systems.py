"""Systems to evaluate, and their runs: of a model or ranker by name, or read from a TREC file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import RANKERS, Context, OpenedRanker, Ranker
from hardneg.core.errors import ConfigError
from hardneg.core.files import user_path, write_text
from hardneg.core.records import Collection, IntArray, rows_of
from hardneg.exporters.rows import no_spaces
from hardneg.rankers.run import RunFile

QUERIES = 256
"""Queries searched at a time."""

_KINDS = {"SentenceTransformer": "dense", "SparseEncoder": "sparse", "CrossEncoder": "cross-encoder"}
"""The ranker of each of sentence-transformers' classes."""


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


def model_kind(model: str) -> str | None:
    """Returns the ranker that a saved model is for, by its configuration; None if that lacks it."""
    path = user_path(model) / "config_sentence_transformers.json"
    try:
        model_type = json.loads(path.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError):
        return None
    return _KINDS.get(str(model_type))


def ranker_of(model: str, max_length: int | None = None) -> Ranker:
    """Returns the ranker of `RANKER[:VALUE]`, or of a model, whose configuration tells its kind (else dense).

    Texts are cut after `max_length` tokens by rankers that cut texts; None for their own limit.
    """
    kind, _, _ = model.partition(":")
    if kind not in RANKERS.names() or Path(model).exists():
        ranker = RANKERS.make({model_kind(model) or "dense": {"model": model}})
    else:
        ranker = RANKERS.make(model)
    settings: Any = ranker
    if max_length is not None and hasattr(settings, "max_length"):
        shortened: Ranker = dataclasses.replace(settings, max_length=max_length)
        return shortened
    return ranker


def run_model(
    model: str,
    collection: Collection,
    context: Context,
    depth: int = 1000,
    *,
    pool: str = "bm25",
    pool_depth: int = 100,
    max_length: int | None = None,
    name: str | None = None,
) -> SystemRun:
    """Returns the run of a model or ranker, see `ranker_of`, for a collection's queries.

    A cross-encoder scores the `pool_depth` documents that the ranker `pool` retrieves.
    """
    ranker = ranker_of(model, max_length).open(collection, context)
    name = name or model
    if ranker.retrieves:
        return search(name, ranker, collection, depth)
    first = ranker_of(pool).open(collection, context)
    if not first.retrieves:
        raise ConfigError(f"the pool {pool} retrieves nothing; name a ranker that does, as bm25")
    run = search(name, ranker, collection, pool_depth, first)
    return dataclasses.replace(
        run, facts={**run.facts, "pool": pool, "pool_depth": pool_depth, "pool_facts": dict(first.facts)}
    )


def search(
    name: str, ranker: OpenedRanker, collection: Collection, depth: int, pool: OpenedRanker | None = None
) -> SystemRun:
    """Returns the run of a ranker for the judged queries; `pool` retrieves for one that only scores."""
    depth = min(depth, len(collection.documents))
    scores: dict[str, dict[str, float]] = {}
    for queries in rows_of(len(collection.queries), QUERIES):
        for query, docs, doc_scores in _ranked(ranker, collection, queries, depth, pool):
            if len(docs):
                ids = collection.documents.ids(docs)
                scores[query] = dict(zip(ids, doc_scores, strict=True))
    return SystemRun(name, scores, dict(ranker.facts))


def _ranked(
    ranker: OpenedRanker, collection: Collection, queries: IntArray, depth: int, pool: OpenedRanker | None
) -> Iterator[tuple[str, IntArray, list[float]]]:
    """Yields (query_id, docs, scores) for a block, documents without a score and neutral ones left out."""
    first = pool if pool is not None and not ranker.retrieves else ranker
    neutral = collection.neutral
    widened = depth if neutral is None else min(depth + neutral.most, len(collection.documents))
    docs, scores = first.search(queries, widened)
    if neutral is not None:
        docs = np.where(collection.is_neutral(queries, docs), np.int32(-1), docs)
        docs[np.cumsum(docs >= 0, axis=1) > depth] = -1
    if not ranker.retrieves:
        scores = ranker.score(queries, docs)
    for query, row_docs, row_scores in zip(collection.queries.ids(queries), docs, scores, strict=True):
        kept = (row_docs >= 0) & ~np.isnan(row_scores)
        yield query, row_docs[kept], row_scores[kept].tolist()


def read_run(name: str, path: Path, collection: Collection) -> SystemRun:
    """Returns a TREC run file, as trec_eval reads it: by its scores, whatever its ranks say.

    Documents that the collection lacks keep their ranks; neutral ones are left out. Ids of merged duplicates
    mean the document that was kept, whose best score counts.
    """
    lines = RunFile(path)
    lines.check_order("write the negative of each score")
    judged = set(collection.queries.table["query_id"].to_pylist())
    rows = collection.documents.rows(lines.docs)
    ids = iter(collection.documents.ids(rows[rows >= 0]))
    docs = [next(ids) if row >= 0 else doc for row, doc in zip(rows, lines.docs, strict=True)]
    left_out = _neutral(collection, lines.queries, rows)
    scores: dict[str, dict[str, float]] = {}
    copies = 0
    for query, doc, score, neutral in zip(lines.queries, docs, lines.scores.tolist(), left_out, strict=True):
        if query in judged and not neutral:
            query_scores = scores.setdefault(query, {})
            copies += doc in query_scores
            query_scores[doc] = max(score, query_scores.get(doc, score))
    unjudged = len(set(lines.queries) - judged)
    return SystemRun(name, scores, {"file": path.name}, unjudged, copies)


def _neutral(collection: Collection, query_ids: Sequence[str], docs: IntArray) -> list[bool]:
    """Returns for each pair of a query's id and a document's row whether it is neutral."""
    queries = collection.queries.rows(query_ids)
    found: list[bool] = ((queries >= 0) & collection.is_neutral(queries, docs[:, None])[:, 0]).tolist()
    return found


def write_run(run: SystemRun, path: Path) -> None:
    """Writes a TREC run, best first, ties by descending id as in trec_eval."""
    lines: list[str] = []
    tag = "_".join(run.name.split()) or "run"
    for query, scores in run.scores.items():
        ordered = sorted(scores.items(), key=lambda item: (item[1], item[0]), reverse=True)
        query = no_spaces("query", query)
        for rank, (doc, score) in enumerate(ordered, 1):
            lines.append(f"{query} Q0 {no_spaces('document', doc)} {rank} {score!r} {tag}")
    write_text(path, "".join(f"{line}\n" for line in lines))


def distinct(names: Iterable[str]) -> list[str]:
    """Returns names made distinct by numbers: `bm25`, `bm25_2`."""
    chosen: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in chosen:
            number += 1
            candidate = f"{name}_{number}"
        chosen.append(candidate)
    return chosen
