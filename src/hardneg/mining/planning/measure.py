"""What is measured on a sample: how long rankers take to be opened and to search, and what a run takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import RANKERS, Context, OpenedRanker
from hardneg.core.records import Collection, IntArray, part, rows_of
from hardneg.core.stores import fetched
from hardneg.mining.miner import BLOCK
from hardneg.mining.pipeline import mine
from hardneg.mining.recipe import Recipe

_SIZES = (16_384, 65_536)
"""Documents among which a search is timed, where nothing has to be encoded for it."""

_QUERIES = 256
_WARM = 64


@dataclass(frozen=True)
class Line:
    """Seconds that grow with a number: `fixed + slope * number`, neither below 0."""

    fixed: float
    slope: float

    @classmethod
    def through(cls, few: tuple[int, float], many: tuple[int, float]) -> Line:
        """Returns the line through two measurements, each (number, seconds)."""
        if many[0] <= few[0]:
            return cls(0.0, many[1] / max(many[0], 1))
        slope = max((many[1] - few[1]) / (many[0] - few[0]), 0.0)
        return cls(max(many[1] - slope * many[0], 0.0), slope)

    def at(self, number: float) -> float:
        """Returns seconds."""
        return self.fixed + self.slope * number


@dataclass(frozen=True)
class Measured:
    """What was measured of one ranker.

    Attributes:
        name: Its name.
        opening: Seconds by documents.
        searching: Seconds a query, by documents.
        cached: Share of the documents whose vectors are in the cache already.
        dimension: Of its vectors, 0 without any.
        encodes: Whether opening it is mostly encoding.
    """

    name: str
    opening: Line
    searching: Line
    cached: float = 0.0
    dimension: int = 0
    encodes: bool = False


def measured(
    name: str, settings: Any, collection: Collection, sample: int, place: Path, depth: int
) -> Measured:
    """Returns how long a ranker takes to be opened and to search."""
    kind = RANKERS.name_of(settings)
    few, many = (sample // 4, sample) if settings.encodes else _SIZES
    opened: dict[int, tuple[float, OpenedRanker | None, Collection]] = {}
    for number, size in enumerate((_WARM, few, many)):
        some = _part(collection, size)
        context = Context(place / f"{name}-{number}")  # of its own: nothing is cached, be two sizes the same
        opened[len(some.documents)] = (*_timed(partial(_open, kind, settings, some, context)), some)
    sizes = sorted(opened)[-2:]
    opening = Line.through(*((size, opened[size][0]) for size in (sizes[0], sizes[-1])))
    dimension = _dimension(kind, settings)
    if dimension:
        points = [(size, _vector_search(dimension, size, depth)) for size in _SIZES]
    else:
        points = [(size, _search(*opened[size][1:], depth)) for size in sizes]
    return Measured(name, opening, Line.through(points[0], points[-1]), 0.0, dimension, settings.encodes)


def _open(kind: str, settings: Any, some: Collection, context: Context) -> OpenedRanker | None:
    """Returns a ranker over a part of the collection, None for given vectors, which are of the whole one."""
    if kind == "vectors":
        return None
    ranker: OpenedRanker = settings.open(some, context)
    return ranker


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    made = work()
    return time.perf_counter() - begin, made


def _search(ranker: OpenedRanker | None, some: Collection, depth: int) -> float:
    """Returns seconds a query."""
    queries: IntArray = np.arange(min(_QUERIES, len(some.queries)), dtype=np.int32)
    if ranker is None or not ranker.retrieves:
        return 0.0
    depth = min(depth, len(some.documents))
    ranker.search(queries[:1], depth)
    return _timed(partial(ranker.search, queries, depth))[0] / len(queries)


def _vector_search(dimension: int, size: int, depth: int) -> float:
    """Returns seconds a query among vectors drawn around centres, a block of queries at once."""
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
    return _timed(partial(search.search, queries, depth))[0] / BLOCK


def _dimension(kind: str, settings: Any) -> int:
    if kind == "vectors":
        return int(
            np.load(
                fetched(settings.folder).expanduser() / "documents.npy", mmap_mode="r", allow_pickle=False
            ).shape[1]
        )
    return int(settings.encoder().documents(["text"]).shape[1]) if kind == "dense" else 0


def cached_share(settings: Any, collection: Collection, cache: Path) -> float:
    """Returns the share of the documents whose vectors are in the cache."""
    from hardneg.rankers.dense.store import SHARD, Store

    if RANKERS.name_of(settings) != "dense":
        return 0.0
    store = Store(cache, settings.encoder().fingerprint("document"))
    documents = collection.documents
    found = [len(rows) for rows in rows_of(len(documents), SHARD) if store.has(documents.texts(rows))]
    return sum(found) / len(documents)


def tried_on(
    collection: Collection, recipe: Recipe, sample: int, place: Path
) -> tuple[int, dict[str, float], int]:
    """Returns the queries of a trial run, its seconds by stage, and the bytes that it wrote."""
    kinds = [RANKERS.name_of(settings) for settings in recipe.rank.rankers]
    if "vectors" in kinds:
        cheap = [s for s, kind in zip(recipe.rank.rankers, kinds, strict=True) if kind != "vectors"]
        recipe = _without_vectors(recipe, cheap)
    mine(_part(collection, _WARM), recipe, place / "warm", cache=place / "trial")  # imports and compiles
    some = _part(collection, sample)
    result = mine(some, recipe, place / "run", cache=place / "trial")
    written = sum(path.stat().st_size for path in (place / "run").rglob("*") if path.is_file())
    fixed = sum(path.stat().st_size for path in (place / "run").glob("*.html"))
    return (
        max(int(result.info["counts"].get("queries", 0)), 1),
        {**result.info["seconds"], "documents": float(len(some.documents))},
        written - fixed,
    )


def _without_vectors(recipe: Recipe, others: list[Any]) -> Recipe:
    """Returns the naive recipe over what else ranks: given vectors are those of the whole collection."""
    kinds = others or ["random"]
    return Recipe.named("naive", rankers=kinds, negatives=recipe.select.negatives)


def _part(collection: Collection, size: int) -> Collection:
    """Returns some of the documents, evenly drawn, and queries with their positives."""
    asked = collection.judgments.queries_with_positives
    queries = asked[np.unique(np.linspace(0, len(asked) - 1, min(_QUERIES, size // 4)).astype(int))]
    judged = np.isin(collection.judgments.query, queries)
    total = len(collection.documents)
    drawn = np.linspace(0, total - 1, min(size, total)).astype(np.int32)
    docs = np.union1d(collection.judgments.doc[judged], drawn).astype(np.int32)
    return part(collection, queries, docs)


def words(collection: Collection) -> float:
    """Returns distinct words a document."""
    rows = np.unique(np.linspace(0, len(collection.documents) - 1, _QUERIES).astype(np.int32))
    return float(np.mean([len(set(text.split())) for text in collection.documents.texts(rows)]))


def own_memory() -> int:
    """Returns the bytes that this process holds, beside what is mapped; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return sum(1_024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
