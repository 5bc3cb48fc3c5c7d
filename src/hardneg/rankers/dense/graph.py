"""Approximate nearest neighbours over a graph (HNSW), for those who ask: its recall is measured, not assumed.

Source: Malkov and Yashunin, arXiv 1603.09320; the graph is usearch's. What it finds is scored exactly.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.errors import MissingExtra
from hardneg.core.files import append_checksum, atomic, has_valid_checksum
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch, check
from hardneg.rankers.kernels.build_or_load import build_or_load

__all__ = ["GraphSearch"]

SAMPLE = 200
"""Queries on which recall is measured."""

_AT = 100
_QUERIES = 1_024
_CONNECTIVITY = 16
_EXPANSION_WHILE_BUILT = 128
_LARGEST_SHARE = 0.1
"""A search deeper than this share of the corpus is exact: a graph would have to be walked nearly whole."""


class GraphSearch:
    """Searches document vectors by walking a graph, built by one thread and kept: the same one every time.

    Scores are exact, to the bit those of `ExactSearch`; what is approximate is which documents are found.
    Queries for which the walk finds too few are searched exactly.

    Args:
        exact: Searches the same vectors exactly.
        documents: The document vectors.
        expansion: How many candidates a walk keeps; a deeper search keeps its depth.
        cache: Folder in which the graph is kept from run to run, and mapped; None to build it for oneself.
        progress: Is told of the documents in the graph.
        stage: What building the graph is called.

    Raises:
        MissingExtra: usearch is not installed.
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
        self._graph = _opened(documents, cache, progress or NullProgress(), stage)

    def search(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns documents of high dot products, best first, ties by document row; see `ExactSearch`."""
        check(queries)
        if depth > _LARGEST_SHARE * self._size:
            return self._exact.search(queries, depth)
        docs = np.full((len(queries), depth), -1, np.int32)
        self._graph.expansion_search = max(self._expansion, depth)
        for begin in range(0, len(queries), _QUERIES):
            some = np.ascontiguousarray(queries[begin : begin + _QUERIES], np.float32)
            docs[begin : begin + len(some)] = self._walked(some, depth)
        scores = self._exact.score(queries, docs)
        order = np.lexsort((docs, -scores))
        docs, scores = np.take_along_axis(docs, order, axis=1), np.take_along_axis(scores, order, axis=1)
        few = np.flatnonzero((docs < 0).any(axis=1))
        docs[few], scores[few] = self._exact.search(queries[few], depth)
        return docs, scores

    def score(self, queries: FloatArray, docs: IntArray) -> FloatArray:
        """Returns (n, depth) float32: dot products with given documents, NaN where docs are -1."""
        return self._exact.score(queries, docs)

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: dot products of (n,) documents with (n, m) others, NaN for -1."""
        return self._exact.alike(docs, others)

    def measured(self, queries: FloatArray) -> dict[str, Any]:
        """Returns what `run.json` should record: the graph's settings, and its recall on a sample of queries.

        Recall is the share of the exact search's documents that the walk finds too, at `recall_at`.

        Args:
            queries: (n, dimension) float32, the sample.
        """
        at = max(1, min(_AT, int(_LARGEST_SHARE * self._size)))
        found, expected = (each.search(queries, at)[0] for each in (self, self._exact))
        return {
            "kind": "hnsw",
            **_made_with(),
            "expansion": self._expansion,
            "recall": _recall(found, expected),
            "recall_at": at,
            "sample": len(queries),
        }

    def _walked(self, queries: FloatArray, depth: int) -> npt.NDArray[np.int32]:
        """Returns (n, depth) int32: what the walks find, in no order that holds, -1 where they find fewer."""
        asked = queries if len(queries) > 1 else np.repeat(queries, 2, axis=0)  # one alone has another answer
        found = self._graph.search(asked, depth)
        docs = np.asarray(found.keys, np.int64)
        docs[np.arange(depth) >= np.asarray(found.counts)[:, None]] = -1
        return docs[: len(queries)].astype(np.int32)


def _recall(found: IntArray, exact: IntArray) -> float:
    shared = [len(np.intersect1d(one, other)) for one, other in zip(found, exact, strict=True)]
    return float(round(sum(shared) / exact.size, 6))


def _made_with() -> dict[str, Any]:
    """Returns all but the vectors that a graph depends on."""
    from importlib.metadata import version

    return {
        "usearch": version("usearch"),
        "connectivity": _CONNECTIVITY,
        "expansion_while_built": _EXPANSION_WHILE_BUILT,
    }


def _opened(documents: Vectors, cache: Path | None, progress: Progress, stage: str) -> Any:
    """Returns the graph from the cache, where it is put first if it is not there or damaged; or a new one.

    Raises:
        MissingExtra: usearch is not installed.
        DataError: The graph cannot be written.
    """
    try:
        from usearch.index import Index
    except ImportError:
        raise MissingExtra("usearch", "hnsw") from None
    if cache is None:
        return _built(documents, progress, stage)
    path = cache / "hnsw" / f"{_digest(documents)[:32]}.usearch"

    def read() -> Any:
        return Index.restore(str(path), view=True) if has_valid_checksum(path) else None

    def write(to: Path, graph: Any) -> None:
        with atomic(to) as temporary:
            graph.save(str(temporary))
            append_checksum(temporary)

    return build_or_load(path, read, lambda: _built(documents, progress, stage), write, progress, "graphs")


def _digest(documents: Vectors) -> str:
    """Returns the sha256 of all vectors, in order, and of what a graph is made with, hexadecimal."""
    named = {**_made_with(), "dimension": documents.dimension}
    digest = hashlib.sha256(json.dumps(named, sort_keys=True).encode())
    for place in range(len(documents.chunks)):
        digest.update(documents.chunk(place).tobytes())
    return digest.hexdigest()


def _built(documents: Vectors, progress: Progress, stage: str) -> Any:
    from usearch.index import Index

    graph = Index(
        ndim=documents.dimension,
        metric="ip",
        dtype="f32",
        connectivity=_CONNECTIVITY,
        expansion_add=_EXPANSION_WHILE_BUILT,
    )
    begin = 0
    with progress.task(stage, len(documents), "documents") as task:
        for place in range(len(documents.chunks)):
            chunk = documents.chunk(place)
            graph.add(np.arange(begin, begin + len(chunk), dtype=np.uint64), chunk, threads=1)
            begin += len(chunk)
            task.advance(len(chunk))
    return graph
