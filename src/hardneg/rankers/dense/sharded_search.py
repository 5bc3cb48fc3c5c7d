"""Exact search divided over the workers of an engine: each searches some shards; the results are merged.

Nothing of this is needed on one machine, nor by the author of a ranker. The searches of many blocks are
prepared together, and the worker that decides on a block merges the results that it needs. Every result is a
file, named by the search and the shards, so that a killed run continues where it ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import Context
from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.cache_files import read_array, write_array
from hardneg.rankers.dense.bounded_search import scored
from hardneg.rankers.dense.remote_encoding import EncodedTexts
from hardneg.rankers.dense.topk import ExactSearch
from hardneg.rankers.kernels.top_k import top_k_of

SearchResult = tuple[IntArray, FloatArray]


@dataclass(frozen=True)
class Search:
    """One search of a ranker: the best documents, `depth` each, of query rows (n,) int32."""

    queries: IntArray
    depth: int


class SearchNotPrepared(Exception):
    """A ranker whose searches must be prepared has not prepared this one."""

    def __init__(self, search: Search) -> None:
        super().__init__(search)
        self.search = search


@dataclass(frozen=True)
class ShardingPlan:
    """How searches are divided over the workers of an engine: each searches some ranges of shards.

    Attributes:
        folder: Keeps the results until the run is finished, on a disk that all workers share.
        min_shards: Least shards per range: enough work to be worth sending.
        max_ranges: Most ranges: each stores a result for every query.
    """

    folder: Path
    min_shards: int = 16
    max_ranges: int = 32


@dataclass(frozen=True)
class ClusterContext(Context):
    """The context of rankers whose work is spread over a cluster.

    Attributes:
        encoded: What the workers have encoded (`EncodedTexts`), by the settings of the rankers.
        plan: How searches are divided; None where each process searches all shards.
    """

    encoded: dict[Any, Any] = field(default_factory=dict)
    plan: ShardingPlan | None = None


@dataclass(frozen=True)
class _Job:
    """A search of the shards `begin:end`."""

    search: Search
    begin: int
    end: int

    def path(self, folder: Path) -> Path:
        """Returns the file of its result."""
        queries = hashlib.sha256(np.ascontiguousarray(self.search.queries, np.int32).tobytes()).hexdigest()
        return folder / f"{queries[:32]}-{self.search.depth}-{self.begin}-{self.end}.npy"


class ShardedRanker:
    """Dense retrieval over shards in a cache that all workers share; searches must be prepared."""

    retrieves = True

    def __init__(
        self,
        encoded: EncodedTexts,
        name: str,
        context: Context,
        plan: ShardingPlan,
        devices: Sequence[str] | None = None,
    ) -> None:
        self.facts: Mapping[str, Any] = encoded.facts
        self._encoded = encoded
        self._name = name
        self._context = context
        self._devices = devices
        names = (encoded.fingerprints[kind][:16] for kind in ("document", "query"))
        self._folder = plan.folder / "-".join(names)
        self._documents = encoded.vectors("document")
        self._queries = encoded.vectors("query")
        shards = len(self._documents.chunks)
        step = max(plan.min_shards, -(-shards // plan.max_ranges))
        self._ranges = [(begin, min(begin + step, shards)) for begin in range(0, shards, step)]

    def prepare(self, searches: Sequence[Search]) -> None:
        """Runs the searches that are not done yet on the workers of the engine.

        All searches of the same shards follow each other: a worker keeps those in its memory.
        """
        n_queries = sum(len(search.queries) for search in searches)
        total = len(self._ranges) * n_queries
        with self._context.progress.task(f"{self._name}: search", total, "lists") as task:

            def missing() -> Iterator[_Job]:
                for begin, end in self._ranges:
                    for search in searches:
                        job = _Job(search, begin, end)
                        if _read(job.path(self._folder)) is None:
                            yield job
                        else:
                            task.advance(len(search.queries))

            worker = partial(_search_worker, self._encoded, self._folder, n_queries, self._devices)
            for count in self._context.engine.run(worker, missing(), "search"):
                task.advance(count)

    def search(self, queries: IntArray, depth: int) -> SearchResult:
        """Returns the most similar documents; see `OpenedRanker.search`.

        Raises:
            SearchNotPrepared: The search has not been prepared.
        """
        search = Search(queries, depth)
        results = [_read(_Job(search, *shards).path(self._folder)) for shards in self._ranges]
        complete = [result for result in results if result is not None]
        if len(complete) < len(results):
            raise SearchNotPrepared(search)
        docs, scores = (np.concatenate(parts, axis=1) for parts in zip(*complete, strict=True))
        return top_k_of(docs, scores, depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the similarity of given documents; see `OpenedRanker.score`."""
        return scored(self._queries.take(queries), self._documents, docs)

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: the similarity of (n,) documents to (n, m) others, NaN for -1."""
        return scored(self._documents.take(docs), self._documents, others)


def _search_worker(
    encoded: EncodedTexts, folder: Path, n_queries: int, devices: Sequence[str] | None
) -> Callable[[_Job], int]:
    """Returns what searches some shards, stores the result and returns the number of queries."""
    documents, queries = encoded.vectors("document"), encoded.vectors("query")
    opened: dict[tuple[int, int], ExactSearch] = {}

    def run(job: _Job) -> int:
        path, shards = job.path(folder), (job.begin, job.end)
        if _read(path) is None:
            if shards not in opened:
                opened.clear()
                opened[shards] = ExactSearch(documents.part(*shards), n_queries, devices=devices)
            docs, scores = opened[shards].search(queries.take(job.search.queries), job.search.depth)
            docs[docs >= 0] += job.begin * documents.size
            write_array(path, np.stack([docs, scores.view(np.int32)]))
        return len(job.search.queries)

    return run


def _read(path: Path) -> SearchResult | None:
    """Returns docs and scores, (n, depth) each; None if they are missing or corrupt."""
    array = read_array(path)
    return None if array is None else (array[0], array[1].view(np.float32))
