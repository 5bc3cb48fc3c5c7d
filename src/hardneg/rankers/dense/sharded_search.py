"""Exact search divided over the workers of an engine: each looks through some shards; the lists are merged.

Every list is a file of its own, named by the search and the shards, so that a search goes on where it was
killed, and whoever decides on the queries merges the lists that it needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import Context
from hardneg.core.files import append_checksum, atomic, has_valid_checksum
from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.dense.bounded_search import scored
from hardneg.rankers.dense.prepared_search import Search, SearchNotPrepared, ShardingPlan
from hardneg.rankers.dense.remote_encoding import Encoded
from hardneg.rankers.dense.topk import ExactSearch
from hardneg.rankers.kernels.top_k import top

__all__ = ["ShardedRanker"]

Found = tuple[IntArray, FloatArray]


@dataclass(frozen=True)
class Job:
    """A search through some shards.

    Attributes:
        search: The search.
        begin: The first shard.
        end: The one behind the last.
    """

    search: Search
    begin: int
    end: int


class ShardedRanker:
    """Dense retrieval over shards in a cache that all workers share.

    Args:
        encoded: What encoded them.
        name: The ranker's name, for people.
        context: Runs the searches.
        plan: How they are divided.
    """

    retrieves = True

    def __init__(self, encoded: Encoded, name: str, context: Context, plan: ShardingPlan) -> None:
        self.facts: Mapping[str, Any] = encoded.facts
        self._encoded = encoded
        self._name = name
        self._context = context
        names = (encoded.fingerprint(kind)[:16] for kind in ("document", "query"))
        self._lists = _Lists(plan.folder / "-".join(names))
        self._documents = encoded.vectors("document")
        self._queries = encoded.vectors("query")
        shards = len(self._documents.chunks)
        step = max(plan.fewest, -(-shards // plan.most))
        self._ranges = [(begin, min(begin + step, shards)) for begin in range(0, shards, step)]

    def prepare(self, searches: Sequence[Search]) -> None:
        """Has the engine search what has not been searched yet; see `PreparedRanker`.

        All searches through the same shards come together: a worker keeps those in its memory.
        """
        total = len(self._ranges) * sum(len(search.queries) for search in searches)
        with self._context.progress.task(f"{self._name}: search", total, "lists") as task:

            def missing() -> Iterator[Job]:
                for begin, end in self._ranges:
                    for search in searches:
                        job = Job(search, begin, end)
                        if self._lists.read(job) is None:
                            yield job
                        else:
                            task.advance(len(search.queries))

            expected = sum(len(search.queries) for search in searches)
            opening = WorkerFactory(self._encoded, self._lists, expected)
            for count in self._context.engine.run(opening, missing(), "search"):
                task.advance(count)

    def search(self, queries: IntArray, depth: int) -> Found:
        """Returns the most similar documents; see `Ranker.search`.

        Raises:
            Unsearched: The search has not been prepared.
        """
        search = Search(queries, depth)
        lists = [self._lists.read(Job(search, *shards)) for shards in self._ranges]
        found = [each for each in lists if each is not None]
        if len(found) < len(lists):
            raise SearchNotPrepared(search)
        return _merged(found, depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the similarity of given documents; see `Ranker.score`."""
        return scored(self._queries.take(queries), self._documents, docs)

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: the similarity of (n,) documents to (n, m) others, NaN for -1."""
        return scored(self._documents.take(docs), self._documents, others)


@dataclass(frozen=True)
class WorkerFactory:
    """Makes, on a worker, the tool that searches through some shards and keeps the lists.

    Attributes:
        encoded: What encoded the shards.
        lists: Where the lists are kept.
        queries: How many queries are to be expected.
    """

    encoded: Encoded
    lists: _Lists
    queries: int

    def __call__(self) -> Callable[[Job], int]:
        """Returns the tool: it gives the number of lists found."""
        documents, queries = self.encoded.vectors("document"), self.encoded.vectors("query")
        opened: dict[tuple[int, int], ExactSearch] = {}

        def do(job: Job) -> int:
            if self.lists.read(job) is None:
                shards = job.begin, job.end
                if shards not in opened:
                    opened.clear()
                    opened[shards] = ExactSearch(documents.part(*shards), self.queries)
                docs, scores = opened[shards].search(queries.take(job.search.queries), job.search.depth)
                docs[docs >= 0] += job.begin * documents.size
                self.lists.write(job, docs, scores)
            return len(job.search.queries)

        return do


@dataclass(frozen=True)
class _Lists:
    """Keeps what was found, one file a job, written whole or not at all, a digest of itself at its end.

    Attributes:
        folder: Where they are.
    """

    folder: Path

    def read(self, job: Job) -> Found | None:
        """Returns docs and scores, (n, depth) each; None if they are not there or damaged."""
        path = self._path(job)
        if not has_valid_checksum(path):
            return None
        try:
            docs, scores = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return docs, scores.view(np.float32)

    def write(self, job: Job, docs: IntArray, scores: FloatArray) -> None:
        """Keeps docs and scores, (n, depth) each.

        Raises:
            DataError: The disk is full or the folder cannot be written to.
        """
        with atomic(self._path(job)) as temporary:
            with temporary.open("wb") as file:
                np.save(file, np.stack([docs, scores.view(np.int32)]), allow_pickle=False)
            append_checksum(temporary)

    def _path(self, job: Job) -> Path:
        queries = hashlib.sha256(np.ascontiguousarray(job.search.queries, np.int32).tobytes()).hexdigest()
        return self.folder / f"{queries[:32]}-{job.search.depth}-{job.begin}-{job.end}.npy"


def _merged(lists: Sequence[Found], depth: int) -> Found:
    """Returns the best of lists over ascending ranges of documents, best first, ties by document row."""
    docs = np.concatenate([each[0] for each in lists], axis=1)
    columns, scores = top(np.concatenate([each[1] for each in lists], axis=1), depth)
    best = np.take_along_axis(docs, np.maximum(columns, 0), axis=1)
    return np.where(columns >= 0, best, np.int32(-1)), scores
