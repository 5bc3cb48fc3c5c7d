"""Exact search divided over the workers of an engine: each searches some shards; the results are merged.

Every result is a file, named by the search and the shards, so that a killed run continues where it ended, and
the worker that decides on some queries merges the results that it needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import Context
from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.cache_files import read_array, write_array
from hardneg.rankers.dense.bounded_search import scored
from hardneg.rankers.dense.prepared_search import Search, SearchNotPrepared, ShardingPlan
from hardneg.rankers.dense.remote_encoding import EncodedTexts
from hardneg.rankers.dense.topk import ExactSearch
from hardneg.rankers.kernels.top_k import top_k

__all__ = ["ShardedRanker"]

SearchResult = tuple[IntArray, FloatArray]


@dataclass(frozen=True)
class Job:
    """A search of some shards.

    Attributes:
        search: The search.
        begin: The first shard.
        end: One more than the last shard.
    """

    search: Search
    begin: int
    end: int


class ShardedRanker:
    """Dense retrieval over shards in a cache that all workers share; a `PreparedRanker`.

    Args:
        encoded: The vectors.
        name: The ranker's name, for people.
        context: Its engine runs the searches.
        plan: How searches are divided.
    """

    retrieves = True

    def __init__(self, encoded: EncodedTexts, name: str, context: Context, plan: ShardingPlan) -> None:
        self.facts: Mapping[str, Any] = encoded.facts
        self._encoded = encoded
        self._name = name
        self._context = context
        names = (encoded.fingerprint(kind)[:16] for kind in ("document", "query"))
        self._results = _ResultStore(plan.folder / "-".join(names))
        self._documents = encoded.vectors("document")
        self._queries = encoded.vectors("query")
        shards = len(self._documents.chunks)
        step = max(plan.min_shards, -(-shards // plan.max_ranges))
        self._ranges = [(begin, min(begin + step, shards)) for begin in range(0, shards, step)]

    def prepare(self, searches: Sequence[Search]) -> None:
        """Runs the searches that are not done yet on the workers; see `PreparedRanker`.

        All searches of the same shards follow each other: a worker keeps those in its memory.
        """
        total = len(self._ranges) * sum(len(search.queries) for search in searches)
        with self._context.progress.task(f"{self._name}: search", total, "lists") as task:

            def missing() -> Iterator[Job]:
                for begin, end in self._ranges:
                    for search in searches:
                        job = Job(search, begin, end)
                        if self._results.read(job) is None:
                            yield job
                        else:
                            task.advance(len(search.queries))

            expected = sum(len(search.queries) for search in searches)
            factory = SearchWorkerFactory(self._encoded, self._results, expected)
            for count in self._context.engine.run(factory, missing(), "search"):
                task.advance(count)

    def search(self, queries: IntArray, depth: int) -> SearchResult:
        """Returns the most similar documents; see `OpenedRanker.search`.

        Raises:
            SearchNotPrepared: The search has not been prepared.
        """
        search = Search(queries, depth)
        results = [self._results.read(Job(search, *shards)) for shards in self._ranges]
        complete = [result for result in results if result is not None]
        if len(complete) < len(results):
            raise SearchNotPrepared(search)
        return _merge(complete, depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the similarity of given documents; see `OpenedRanker.score`."""
        return scored(self._queries.take(queries), self._documents, docs)

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: the similarity of (n,) documents to (n, m) others, NaN for -1."""
        return scored(self._documents.take(docs), self._documents, others)


@dataclass(frozen=True)
class SearchWorkerFactory:
    """Maps the vectors on a worker, and returns the function that searches some shards.

    Attributes:
        encoded: The vectors.
        results: Where results are stored.
        queries: Expected number of queries.
    """

    encoded: EncodedTexts
    results: _ResultStore
    queries: int

    def __call__(self) -> Callable[[Job], int]:
        """Returns the function; it stores the result and returns the number of queries."""
        documents, queries = self.encoded.vectors("document"), self.encoded.vectors("query")
        opened: dict[tuple[int, int], ExactSearch] = {}

        def run(job: Job) -> int:
            if self.results.read(job) is None:
                shards = job.begin, job.end
                if shards not in opened:
                    opened.clear()
                    opened[shards] = ExactSearch(documents.part(*shards), self.queries)
                docs, scores = opened[shards].search(queries.take(job.search.queries), job.search.depth)
                docs[docs >= 0] += job.begin * documents.size
                self.results.write(job, docs, scores)
            return len(job.search.queries)

        return run


@dataclass(frozen=True)
class _ResultStore:
    """Results of searches, one file per job, written atomically with a checksum.

    Attributes:
        folder: Where they are stored.
    """

    folder: Path

    def read(self, job: Job) -> SearchResult | None:
        """Returns docs and scores, (n, depth) each; None if they are missing or corrupt."""
        array = read_array(self._path(job))
        return None if array is None else (array[0], array[1].view(np.float32))

    def write(self, job: Job, docs: IntArray, scores: FloatArray) -> None:
        """Stores docs and scores, (n, depth) each.

        Raises:
            DataError: The disk is full or the folder cannot be written to.
        """
        write_array(self._path(job), np.stack([docs, scores.view(np.int32)]))

    def _path(self, job: Job) -> Path:
        queries = hashlib.sha256(np.ascontiguousarray(job.search.queries, np.int32).tobytes()).hexdigest()
        return self.folder / f"{queries[:32]}-{job.search.depth}-{job.begin}-{job.end}.npy"


def _merge(results: Sequence[SearchResult], depth: int) -> SearchResult:
    """Returns the best of results over ascending ranges of documents, best first, ties by document row."""
    docs = np.concatenate([result[0] for result in results], axis=1)
    columns, scores = top_k(np.concatenate([result[1] for result in results], axis=1), depth)
    best = np.take_along_axis(docs, np.maximum(columns, 0), axis=1)
    return np.where(columns >= 0, best, np.int32(-1)), scores
