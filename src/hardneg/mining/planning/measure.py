"""How long rankers take to be opened and to search, measured on samples within budgets of seconds.

Samples grow while there is time, and the rest is extrapolated.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from hardneg.core.components import Context, OpenedRanker, Ranker
from hardneg.core.records import Collection, IntArray, part, rows_of
from hardneg.mining.miner import BLOCK

T = TypeVar("T")
Timer = Callable[[], float]

GROWTH = 4
"""How many times larger the next sample is."""

ENCODING, OPENING, SEARCHING = 10.0, 5.0, 5.0
"""Seconds to spend on one ranker's encoding, indexing and searching."""

_ENCODED, _INDEXED, _VECTORS = 4, 64, 4_096
"""The smallest samples: texts encoded, documents indexed, vectors searched."""
_MOST_INDEXED, _MOST_VECTORS = 16_384, 65_536
_QUERIES = 256
_SHARDS = 16
_LONGEST = 2_000
"""Characters of a text that count: encoders cut longer ones."""


@dataclass(frozen=True)
class Line:
    """Seconds that grow with a number: `fixed + slope * number`, neither below 0."""

    fixed: float
    slope: float

    @classmethod
    def through(cls, few: tuple[float, float], many: tuple[float, float]) -> Line:
        """Returns the line through two measurements, each (number, seconds)."""
        if many[0] <= few[0]:
            return cls(0.0, many[1] / max(many[0], 1))
        slope = max((many[1] - few[1]) / (many[0] - few[0]), 0.0)
        return cls(max(many[1] - slope * many[0], 0.0), slope)

    def at(self, number: float) -> float:
        """Returns seconds."""
        return self.fixed + self.slope * number


@dataclass(frozen=True)
class Point(Generic[T]):
    """One measurement: the sample's size, the seconds it took, and what was made."""

    size: int
    seconds: float
    made: T


def grow(work: Callable[[int], T], sizes: Iterable[int], budget: float, timer: Timer) -> list[Point[T]]:
    """Returns measurements of two samples, and of larger ones that are expected to end within the budget."""
    begin = timer()
    points: list[Point[T]] = []
    for size in sizes:
        start = timer()
        if len(points) > 1:
            line = Line.through(*((point.size, point.seconds) for point in points[-2:]))
            if start - begin + line.at(size) > budget:
                break
        made = work(size)
        points.append(Point(size, timer() - start, made))
    return points


def sizes(first: int, most: int) -> list[int]:
    """Returns sizes that grow up to `most`."""
    grown = [min(first, most)]
    while grown[-1] < most:
        grown.append(min(grown[-1] * GROWTH, most))
    return grown


@dataclass(frozen=True)
class Measured:
    """What was measured of one ranker."""

    name: str
    opening: Line  # by characters of the documents
    searching: Line  # per query, by documents
    cached: float = 0.0  # share of the documents whose vectors are in the cache already
    dimension: int = 0  # of the vectors that the cache keeps, 0 without any
    whole: OpenedRanker | None = None  # over the whole collection, where samples of texts do not concern it
    bytes_per_term: int = 0


@dataclass(frozen=True)
class Samples:
    """Draws evenly from a collection and measures on what is drawn."""

    collection: Collection
    folder: Path  # keeps whatever is made on the way
    cache: Path  # of real runs, which is only read
    most: int  # documents to encode
    depth: int  # documents per query
    timer: Timer = time.perf_counter

    def ranker(self, name: str, settings: Ranker) -> Measured:
        """Returns how long a ranker takes to be opened and to search."""
        if not settings.reads_texts:
            return self._whole(name, settings)
        encoder, loading = self.timed(settings.encoder)
        if encoder is None:
            return self._opened(name, settings)
        return self._encoded(name, encoder, loading)

    def _encoded(self, name: str, encoder: Any, loading: float) -> Measured:
        documents = self.collection.documents
        encoder.documents(documents.texts(self._rows(1)))  # compiles and allocates
        points = grow(
            lambda size: encoder.documents(documents.texts(self._rows(size))),
            sizes(_ENCODED, min(self.most, len(documents))),
            ENCODING,
            self.timer,
        )
        last = points[-1]
        opening = Line(loading, last.seconds / max(self.characters(self._rows(last.size)), 1))
        dimension = int(last.made.shape[1])
        return Measured(
            name, opening, Line(0.0, 0.0), self._cached(encoder.fingerprint("document")), dimension
        )

    def with_search(self, ranker: Measured) -> Measured:
        """Returns what was measured, with the seconds to search vectors of the ranker's dimension.

        To be called when all is encoded: encoding was up to ten times slower after a search.
        """
        if not ranker.dimension:
            return ranker
        search = partial(vector_search, ranker.dimension, self.depth, self.timer)
        points = grow(search, sizes(_VECTORS, _MOST_VECTORS), SEARCHING, self.timer)
        line = Line.through(*((point.size, point.made) for point in (points[0], points[-1])))
        return replace(ranker, searching=line)

    def _whole(self, name: str, settings: Ranker) -> Measured:
        opened, seconds = self.timed(lambda: settings.open(self.collection, Context(self.folder / name)))
        documents = len(self.collection.documents)
        opening = Line(0.0, seconds / max(documents * self.mean_characters(), 1))
        return Measured(
            name, opening, Line(0.0, self._search(opened, self.collection) / documents), whole=opened
        )

    def _opened(self, name: str, settings: Ranker) -> Measured:
        def opened(size: int) -> tuple[OpenedRanker, Collection]:
            drawn = self.part(size)[0]
            own = Path(tempfile.mkdtemp(dir=self.folder))  # nothing in it is cached
            return settings.open(drawn, Context(own)), drawn

        first, most = (_ENCODED, self.most) if settings.encodes else (_INDEXED, _MOST_INDEXED)
        opened(first)  # imports and compiles
        budget = ENCODING if settings.encodes else OPENING
        points = grow(opened, sizes(first, min(most, len(self.collection.documents))), budget, self.timer)
        few, many = points[max(len(points) - 2, 0)], points[-1]
        texts = [(self.characters(None, point.made[1]), point.seconds) for point in (few, many)]
        searches = [(len(point.made[1].documents), self._search(*point.made)) for point in (few, many)]
        return Measured(
            name, Line.through(*texts), Line.through(*searches), bytes_per_term=settings.bytes_per_term
        )

    def _search(self, ranker: OpenedRanker, collection: Collection) -> float:
        """Returns seconds per query."""
        queries: IntArray = np.arange(min(_QUERIES, len(collection.queries)), dtype=np.int32)
        if not ranker.retrieves:
            return 0.0
        depth = min(self.depth, len(collection.documents))
        ranker.search(queries[:1], depth)
        return self.timed(partial(ranker.search, queries, depth))[1] / len(queries)

    def part(self, size: int) -> tuple[Collection, IntArray, IntArray]:
        """Returns documents, evenly drawn, with some queries and their positives; and the rows of both."""
        judgments = self.collection.judgments
        answered = judgments.queries_with_positives
        drawn = np.linspace(0, len(answered) - 1, max(1, min(_QUERIES, size // 4)))
        queries = answered[np.unique(drawn.astype(int))]
        positives = judgments.doc[np.isin(judgments.query, queries)]
        docs = np.union1d(positives, self._rows(size)).astype(np.int32)
        return part(self.collection, queries, docs), queries, docs

    def mean_characters(self) -> float:
        """Returns the mean characters of a document, of each at most `_LONGEST`."""
        rows = self._rows(4 * _QUERIES)
        return self.characters(rows) / max(len(rows), 1)

    def characters(self, rows: IntArray | None, collection: Collection | None = None) -> int:
        """Returns the characters of some documents, or of all of a sample, of each at most `_LONGEST`."""
        documents = (collection or self.collection).documents
        rows = np.arange(len(documents), dtype=np.int32) if rows is None else rows
        return sum(min(len(text), _LONGEST) for text in documents.texts(rows))

    def words(self) -> float:
        """Returns the mean number of distinct words in a document."""
        texts = self.collection.documents.texts(self._rows(_QUERIES))
        return float(np.mean([len(set(text.split())) for text in texts]))

    def _cached(self, fingerprint: str) -> float:
        """Returns the share of the documents whose vectors are in the cache, by a sample of shards."""
        from hardneg.rankers.dense.store import SHARD, Store

        store, documents = Store(self.cache, fingerprint), self.collection.documents
        shards = list(rows_of(len(documents), SHARD))
        stored = store.others(documents.texts, 0, SHARD)()
        shares = [
            1.0 if store.has(texts) else float((stored.find(texts).file >= 0).mean())
            for texts in map(documents.texts, shards[:: -(-len(shards) // _SHARDS)])
        ]
        return float(np.mean(shares))

    def _rows(self, size: int) -> IntArray:
        total = len(self.collection.documents)
        return np.unique(np.linspace(0, total - 1, min(size, total)).astype(np.int32))

    def timed(self, work: Callable[[], T]) -> tuple[T, float]:
        """Returns what the work makes, and the seconds that it takes."""
        begin = self.timer()
        made = work()
        return made, self.timer() - begin


def vector_search(dimension: int, depth: int, timer: Timer, size: int) -> float:
    """Returns seconds per query among vectors drawn around centres, a block of queries at once."""
    from hardneg.rankers.dense.store import Vectors
    from hardneg.rankers.dense.topk import ExactSearch

    random = np.random.default_rng(0)
    centres = random.standard_normal((256, dimension), np.float32)

    def drawn(count: int) -> Any:
        noise = random.standard_normal((count, dimension), np.float32)
        vectors = centres[random.integers(0, 256, count)] + noise
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    search = ExactSearch(Vectors.of(drawn(size)), BLOCK)
    queries = drawn(BLOCK)
    search.search(queries[:1], depth)
    begin = timer()
    search.search(queries, depth)
    return (timer() - begin) / BLOCK
