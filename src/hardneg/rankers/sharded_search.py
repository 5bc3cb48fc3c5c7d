"""Search divided over the workers of an engine: each searches some documents; the lists are merged.

Nothing of this is needed on one machine. A ranker takes part by one method, `part`; one without it is
searched whole by each worker. The searches of many blocks are prepared together, and the worker that decides
on a block merges the lists that it needs. Every list is a file, named by the search and the documents, so
that a killed run continues where it ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from hardneg.core.components import Context, OpenedRanker
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.core.state_files import fingerprint
from hardneg.rankers.cache_files import read_array, write_array
from hardneg.rankers.kernels.top_k import top_k, top_k_of

Range = tuple[int, int]
"""The first document, and the one behind the last."""


class RankerPart(Protocol):
    """Searches some documents of a ranker."""

    def search(self, queries: IntArray, depth: int, floors: FloatArray) -> tuple[IntArray, FloatArray]:
        """Returns the best of these documents, by their rows in the corpus; else as `OpenedRanker.search`.

        `floors` are (n,) float32 scores that `depth` other documents reach: what scores below its query's may
        be left out.
        """


@runtime_checkable
class ShardableRanker(OpenedRanker, Protocol):
    """An opened ranker that can search a range of documents. It is pickled: large arrays should be files."""

    def part(self, begin: int, end: int, n_queries: int) -> RankerPart:
        """Returns what searches the documents `begin:end`, whole shards; called in the worker that searches.

        `n_queries` is the expected number of queries: for few of them preparing the documents does not pay.
        """


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
        shard: Documents of a shard, which is never divided: the files of vectors hold as many, or a part.
    """

    folder: Path
    min_shards: int = 16
    max_ranges: int = 32
    shard: int = 8_192

    def ranges(self, n_docs: int) -> list[Range]:
        """Returns the ranges of all documents."""
        shards = -(-n_docs // self.shard)
        step = max(self.min_shards, -(-shards // self.max_ranges)) * self.shard
        return [(begin, min(begin + step, n_docs)) for begin in range(0, n_docs, step)]


@dataclass(frozen=True)
class ClusterContext(Context):
    """The context of rankers whose work is spread over a cluster.

    Attributes:
        encoded: What the workers have encoded (`EncodedTexts`), by the settings of the rankers.
        plan: How searches are divided; None where each process searches all documents.
    """

    encoded: dict[Any, Any] = field(default_factory=dict)
    plan: ShardingPlan | None = None


def sharded(name: str, ranker: OpenedRanker, collection: Collection, context: Context) -> OpenedRanker:
    """Returns a ranker that searches by the context's plan; the ranker itself without plan or parts."""
    plan = context.plan if isinstance(context, ClusterContext) else None
    if plan is None or not ranker.retrieves or not isinstance(ranker, ShardableRanker):
        return ranker
    folder = plan.folder / fingerprint(name, dict(ranker.facts), collection.digest)[:32]
    return ShardedRanker(_Lists(ranker, folder, plan.ranges(len(collection.documents))), context)


def prepare(rankers: Iterable[OpenedRanker], searches: Sequence[Search]) -> None:
    """Runs on the workers of the engine the searches that sharded ones among the rankers have not done yet.

    All searches of the same documents follow each other: a worker keeps those in its memory.
    """
    own = [ranker for ranker in rankers if isinstance(ranker, ShardedRanker)]
    if not own:
        return
    n_queries = sum(len(search.queries) for search in searches)
    total = n_queries * sum(len(ranker.lists.ranges) for ranker in own)
    with own[0].context.progress.task("search", total, "lists") as task:

        def missing() -> Iterator[_Job]:
            for number, ranker in enumerate(own):
                for documents in ranker.lists.ranges:
                    for search in searches:
                        if ranker.lists.read(search, documents) is None:
                            yield number, search, documents
                        else:
                            task.advance(len(search.queries))

        worker = partial(_search_worker, [ranker.lists for ranker in own], n_queries)
        for count in own[0].context.engine.run(worker, missing(), "search"):
            task.advance(count)


_Job = tuple[int, Search, Range]
"""The number of a ranker, a search of it, and the documents to search."""


@dataclass(frozen=True)
class _List:
    """What a search has found among some documents.

    Attributes:
        docs: (n, m) int32, -1 behind the last.
        scores: (n, m) float32, NaN there.
        best: (n, depth) float32: the best scores of these documents and those before them, as far as known.
    """

    docs: IntArray
    scores: FloatArray
    best: FloatArray


@dataclass(frozen=True)
class _Lists:
    """The lists of a ranker, one file a search and range of documents.

    Attributes:
        ranker: The ranker, which searches all documents.
        folder: The folder of the files.
        ranges: The documents, divided.
    """

    ranker: ShardableRanker
    folder: Path
    ranges: Sequence[Range]

    def path(self, search: Search, documents: Range) -> Path:
        """Returns the file of a list."""
        queries = hashlib.sha256(np.ascontiguousarray(search.queries, np.int32).tobytes()).hexdigest()
        return self.folder / f"{queries[:32]}-{search.depth}-{documents[0]}-{documents[1]}.npy"

    def read(self, search: Search, documents: Range) -> _List | None:
        """Returns a list; None if it is missing or corrupt."""
        array = read_array(self.path(search, documents))
        if array is None:
            return None
        width = (array.shape[1] - search.depth) // 2
        return _List(
            array[:, :width],
            array[:, width : 2 * width].view(np.float32),
            array[:, 2 * width :].view(np.float32),
        )

    def write(self, search: Search, documents: Range, part: RankerPart) -> None:
        """Searches some documents and writes their list.

        A document is left out only if as many others as are asked for are known to be better: whichever lists
        are there, or are lost later, the best of all documents stand in the lists of their ranges.
        """
        known = self._best_before(search, documents)
        floors = np.nan_to_num(known[:, -1], nan=-np.inf, posinf=np.inf)
        docs, scores = part.search(search.queries, search.depth, floors)
        kept = scores >= floors[:, None]
        width = int(kept.sum(axis=1).max(initial=1))
        docs, scores = (np.where(kept, docs, np.int32(-1)), np.where(kept, scores, np.float32("nan")))
        _, best = top_k(np.concatenate([known, scores], axis=1), search.depth)
        columns = docs[:, :width], scores[:, :width].view(np.int32), best.view(np.int32)
        write_array(self.path(search, documents), np.concatenate(columns, axis=1))

    def _best_before(self, search: Search, documents: Range) -> FloatArray:
        """Returns `_List.best` of the last range before some documents whose list is there."""
        for earlier in reversed(self.ranges[: self.ranges.index(documents)]):
            found = self.read(search, earlier)
            if found is not None:
                return found.best
        return np.full((len(search.queries), search.depth), np.nan, np.float32)


class ShardedRanker:
    """A ranker whose searches are divided, and must be prepared. All else is that of the ranker itself.

    Attributes:
        lists: What its searches have found.
        context: The engine and the progress of its searches.
    """

    retrieves = True

    def __init__(self, lists: _Lists, context: Context) -> None:
        self.facts: Mapping[str, Any] = lists.ranker.facts
        self.lists = lists
        self.context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self.lists.ranker, name)

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best documents; see `OpenedRanker.search`.

        Raises:
            SearchNotPrepared: The search has not been prepared.
        """
        search = Search(queries, depth)
        found = [self.lists.read(search, documents) for documents in self.lists.ranges]
        complete = [each for each in found if each is not None]
        if len(complete) < len(found):
            raise SearchNotPrepared(search)
        docs = np.concatenate([each.docs for each in complete], axis=1)
        return top_k_of(docs, np.concatenate([each.scores for each in complete], axis=1), depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        return self.lists.ranker.score(queries, docs)


def _search_worker(lists: Sequence[_Lists], n_queries: int) -> Callable[[_Job], int]:
    """Returns what searches some documents, stores the list and returns the number of queries."""
    opened: dict[tuple[int, Range], RankerPart] = {}

    def run(job: _Job) -> int:
        number, search, documents = job
        own = lists[number]
        if own.read(search, documents) is None:
            if (number, documents) not in opened:
                opened.clear()
                opened[number, documents] = own.ranker.part(*documents, n_queries)
            own.write(search, documents, opened[number, documents])
        return len(search.queries)

    return run
