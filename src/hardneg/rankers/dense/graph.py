"""Approximate nearest neighbours over a graph (HNSW); its recall is measured and recorded.

Source: Malkov and Yashunin, arXiv 1603.09320; the graph is usearch's. The documents found are scored exactly.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.errors import MissingExtra, check_shortage
from hardneg.core.files import has_valid_checksum
from hardneg.core.hashing import code_digest
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.cache_files import build_or_load, checked_file
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch

SAMPLE = 200
"""Queries on which recall is measured."""

_AT = 100
_CONNECTIVITY = 16
_EXPANSION_ADD = 128
_LARGEST_SHARE = 0.1
"""A search deeper than this share of the corpus is exact: it would visit most of the graph."""


class GraphSearch:
    """Searches document vectors over a graph, built by one thread: the same graph every time.

    Scores are exact, to the bit those of `ExactSearch`; what is approximate is which documents are found.
    Queries for which the graph gives too few are searched exactly. A search keeps as many candidates (ef) as
    `expansion` says, or its depth if that is more. The graph is in memory only where there is no cache.
    """

    def __init__(
        self,
        exact: ExactSearch,
        documents: Vectors,
        expansion: int,
        cache: Path | None = None,
        progress: Progress | None = None,
        stage: str = "build the graph",
    ) -> None:
        self._exact = exact
        self._size = len(documents)
        self._expansion = expansion
        self._graph = _open_graph(documents, cache, progress or NullProgress(), stage)

    def search(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns documents of high dot products, best first, ties by document row; see `ExactSearch`."""
        self._exact.check(queries)
        if depth > _LARGEST_SHARE * self._size:
            return self._exact.search(queries, depth)
        docs = self._search_graph(np.ascontiguousarray(queries, np.float32), depth)
        scores = self._exact.score(queries, docs)
        order = np.lexsort((docs, -scores))
        docs, scores = np.take_along_axis(docs, order, axis=1), np.take_along_axis(scores, order, axis=1)
        short = np.flatnonzero((docs < 0).any(axis=1))
        docs[short], scores[short] = self._exact.search(queries[short], depth)
        return docs, scores

    def facts(self, queries: FloatArray) -> dict[str, Any]:
        """Returns for `run.json` the graph's settings, and its recall on a sample of queries.

        Recall is the share of the exact search's documents that the graph finds too, at `recall_at`.
        """
        at = max(1, min(_AT, int(_LARGEST_SHARE * self._size)))
        approximate, exact = (search.search(queries, at)[0] for search in (self, self._exact))
        shared = sum(len(np.intersect1d(*pair)) for pair in zip(approximate, exact, strict=True))
        return {
            "kind": "hnsw",
            **_graph_settings(),
            "expansion": self._expansion,
            "recall": float(round(shared / exact.size, 6)),
            "recall_at": at,
            "sample": len(queries),
        }

    def _search_graph(self, queries: FloatArray, depth: int) -> npt.NDArray[np.int32]:
        """Returns (n, depth) int32: the documents found, in no fixed order, -1 where there are fewer."""
        if not len(queries):
            return np.empty((0, depth), np.int32)
        self._graph.expansion_search = max(self._expansion, depth)
        # A single query has another result than the same one among others.
        several = queries if len(queries) > 1 else np.repeat(queries, 2, axis=0)
        matches = self._graph.search(several, depth)
        docs = np.asarray(matches.keys, np.int64)
        docs[(np.arange(depth) >= np.asarray(matches.counts)[:, None]) | (docs >= self._size)] = -1
        return docs[: len(queries)].astype(np.int32)


def _graph_settings() -> dict[str, Any]:
    """Returns the settings and the version that a graph is built with, as `run.json` records them."""
    from importlib.metadata import version

    return {
        "usearch": version("usearch"),
        "connectivity": _CONNECTIVITY,
        "expansion_while_built": _EXPANSION_ADD,
    }


def _open_graph(documents: Vectors, cache: Path | None, progress: Progress, stage: str) -> Any:
    """Returns the graph, built and written to the cache first if it is missing or corrupt."""
    try:
        from usearch.index import Index
    except ImportError:
        raise MissingExtra("usearch", "hnsw") from None
    if cache is None:
        return _build(documents, progress, stage)

    def read(path: Path) -> Any:
        if not has_valid_checksum(path):
            return None
        try:
            graph = Index.restore(str(path), view=True)
        except Exception as error:  # whatever usearch raises
            check_shortage(path, error)
            return None
        shape = len(documents), documents.dimension
        return graph if graph is not None and (len(graph), graph.ndim) == shape else None

    def write(path: Path, graph: Any) -> None:
        with checked_file(path) as temporary:
            graph.save(str(temporary))

    path = cache / "hnsw" / f"{_digest(documents)[:32]}.usearch"
    return build_or_load(path, read, lambda: _build(documents, progress, stage), write, progress, "graphs")


def _digest(documents: Vectors) -> str:
    """Returns the sha256 of all vectors, the graph's settings, and the code that builds it."""
    key = {**_graph_settings(), "dimension": documents.dimension, "code": code_digest(_build)}
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode())
    for number in range(len(documents.chunks)):
        digest.update(documents.chunk(number).tobytes())
    return digest.hexdigest()


def _build(documents: Vectors, progress: Progress, stage: str) -> Any:
    from usearch.index import Index

    graph = Index(
        ndim=documents.dimension,
        metric="ip",
        dtype="f32",
        connectivity=_CONNECTIVITY,
        expansion_add=_EXPANSION_ADD,
    )
    begin = 0
    with progress.task(stage, len(documents), "documents") as task:
        for number in range(len(documents.chunks)):
            chunk = documents.chunk(number)
            graph.add(np.arange(begin, begin + len(chunk), dtype=np.uint64), chunk, threads=1)
            begin += len(chunk)
            task.advance(len(chunk))
    return graph
