"""What a job will take, from measuring a sample of it on this machine."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.blocks import BLOCK
from hardneg.files import cache_folder
from hardneg.load import load
from hardneg.pipeline import mine
from hardneg.progress import Progress, Silent
from hardneg.rank import RANKERS, Context, Ranker
from hardneg.recipe import Recipe
from hardneg.records import Collection, IntArray, rows_of
from hardneg.train.develop import part

_ENCODING = ("dense", "sparse", "cross-encoder")
_BY_VECTORS = ("dense", "vectors")
_SIZES = (16_384, 65_536)
"""Documents among which a search is timed, where nothing has to be encoded for it."""

_QUERIES = 256
_WARM = 64
_BYTES_A_DOCUMENT = 130
"""Memory that grows with the corpus: keys of texts and ids, tables of the loader, what is sorted at once."""


@dataclass(frozen=True)
class Stage:
    """One stage of a job.

    Attributes:
        name: As run.json's `seconds` has it.
        seconds: How long it will take.
        basis: What that rests on, for people.
    """

    name: str
    seconds: float
    basis: str


@dataclass(frozen=True)
class Plan:
    """What a job will take.

    Attributes:
        documents: How many documents.
        queries: How many queries.
        stages: In their order.
        memory: Bytes of the process's own, beside what is mapped from disk.
        cache: Bytes of vectors that stay in the cache.
        temporary: Bytes of files without a name, which vanish with the process.
        run: Bytes of the run directory.
    """

    documents: int
    queries: int
    stages: tuple[Stage, ...]
    memory: int
    cache: int
    temporary: int
    run: int

    @property
    def seconds(self) -> float:
        """How long it will take in all."""
        return sum(stage.seconds for stage in self.stages)

    def facts(self) -> dict[str, Any]:
        """Returns plain values."""
        return {**asdict(self), "seconds": self.seconds}


@dataclass(frozen=True)
class _Line:
    """Seconds that grow with a number: `fixed + slope * number`, neither below 0."""

    fixed: float
    slope: float

    @classmethod
    def through(cls, few: tuple[int, float], many: tuple[int, float]) -> _Line:
        if many[0] <= few[0]:
            return cls(0.0, many[1] / max(many[0], 1))
        slope = max((many[1] - few[1]) / (many[0] - few[0]), 0.0)
        return cls(max(many[1] - slope * many[0], 0.0), slope)

    def at(self, number: float) -> float:
        return self.fixed + self.slope * number


@dataclass(frozen=True)
class _Ranker:
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
    opening: _Line
    searching: _Line
    cached: float = 0.0
    dimension: int = 0
    encodes: bool = False


def plan(
    source: str,
    recipe: Recipe,
    *,
    documents: int | None = None,
    queries: int | None = None,
    sample: int = 1_024,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Returns what mining a source will take on this machine.

    The source is loaded whole. Each ranker is opened on two samples of the documents and a run is made on one
    of them, in a folder for temporary files; what grows with documents or queries is carried on in a straight
    line.

    Args:
        source: As `pipeline.mine` takes it.
        recipe: What to do; its engine is left out of account.
        documents: A size to plan for; that of the source unless given.
        queries: Likewise.
        sample: Documents to encode; more make the plan better and slower.
        cache: Where vectors are kept; `cache_folder()` unless given.
        progress: Is told how far the measuring is.

    Raises:
        HardnegError: The source or a model is not usable.
    """
    begin = time.perf_counter()
    collection = load(source, recipe.load)
    loading = time.perf_counter() - begin
    held = len(collection.documents)
    recipe = _local(recipe)
    with (
        tempfile.TemporaryDirectory(prefix="hardneg-plan-", dir=_made(cache or cache_folder())) as folder,
        (progress or Silent()).task("measure", len(recipe.rank.rankers) + 1, "measurements") as task,
    ):
        place = Path(folder)
        rankers = []
        for name, settings in zip(recipe.rank.names, recipe.rank.rankers, strict=True):
            found = _measured(name, settings, collection, sample, place, recipe.rank.depth)
            rankers.append(replace(found, cached=_cached(settings, collection, cache or cache_folder())))
            task.advance()
        tried, seconds, size = _tried(collection, recipe, sample, place)
        task.advance()
    total, asked = documents or held, queries or len(collection.judgments.queries_with_positives)
    stages = [Stage("load", loading * total / held, f"{held / loading:,.0f} documents a second")]
    stages += [_opening(ranker, total, held, documents is None) for ranker in rankers]
    stages += _deciding(rankers, tried, seconds, recipe, total, asked)
    entries = 16 * _words(collection) * total if any(r.name.startswith("bm25") for r in rankers) else 0
    return Plan(
        total,
        asked,
        tuple(stages),
        _own_memory() + _BYTES_A_DOCUMENT * max(total - held, 0) + 4 * total,
        sum(4 * r.dimension * total for r in rankers if r.encodes),
        int(entries + max(0, total - 262_144) * collection.documents.table.nbytes / held),
        int(size / tried * asked),
    )


def _local(recipe: Recipe) -> Recipe:
    """Returns the recipe to be run in this process."""
    from hardneg.engine.local import Local

    return recipe.model_copy(update={"engine": Local()})


def _opening(ranker: _Ranker, total: int, held: int, own: bool) -> Stage:
    """Returns the stage in which a ranker is opened; what is cached of its own texts takes no time."""
    left = 1 - ranker.cached if own else 1.0
    seconds = ranker.opening.fixed + ranker.opening.slope * total * left
    rate = f"{1 / ranker.opening.slope:,.0f} documents a second" if ranker.opening.slope else "measured"
    cached = f", {ranker.cached:.0%} cached" if own and ranker.cached else ""
    return Stage(f"open {ranker.name}", seconds, rate + cached)


def _deciding(
    rankers: list[_Ranker], tried: int, seconds: dict[str, float], recipe: Recipe, total: int, asked: int
) -> list[Stage]:
    """Returns the stages whose time grows with the queries."""
    size = seconds["documents"]
    searching = sum(ranker.searching.at(total) for ranker in rankers)
    known = sum(ranker.searching.at(size) for ranker in rankers)
    rest = max(seconds["rank and select"] / tried - known, 0.0)
    basis = f"{1e3 * searching:,.2f} ms a query to search, {1e3 * rest:,.2f} ms for the rest"
    stages = []
    if recipe.validation.calibrate:
        count = min(recipe.validation.sample, asked)
        fixed = max(seconds.get("calibrate", 0.0) - known * min(recipe.validation.sample, tried), 0.0)
        stages.append(Stage("calibrate", fixed * count / tried + searching * count, f"{count:,} queries"))
    stages.append(Stage("rank and select", (searching + rest) * asked, basis))
    export = seconds.get("export", 0.0) / tried
    return [*stages, Stage("export", export * asked, f"{1e3 * export:,.2f} ms a query")]


def _measured(
    name: str, settings: Any, collection: Collection, sample: int, place: Path, depth: int
) -> _Ranker:
    """Returns how long a ranker takes to be opened and to search."""
    kind = RANKERS.name_of(settings)
    few, many = (sample // 4, sample) if kind in _ENCODING else _SIZES
    opened: dict[int, tuple[float, Ranker | None, Collection]] = {}
    for size in (_WARM, few, many):
        some = _part(collection, size)
        context = Context(place / f"{name}-{size}")
        opened[len(some.documents)] = (*_timed(partial(_open, kind, settings, some, context)), some)
    sizes = sorted(opened)[-2:]
    opening = _Line.through(*((size, opened[size][0]) for size in (sizes[0], sizes[-1])))
    dimension = _dimension(kind, settings)
    if dimension:
        points = [(size, _vector_search(dimension, size, depth)) for size in _SIZES]
    else:
        points = [(size, _search(*opened[size][1:], depth)) for size in sizes]
    return _Ranker(name, opening, _Line.through(points[0], points[-1]), 0.0, dimension, kind in _ENCODING)


def _open(kind: str, settings: Any, some: Collection, context: Context) -> Ranker | None:
    """Returns a ranker over a part of the collection, None for given vectors, which are of the whole one."""
    if kind == "vectors":
        return None
    ranker: Ranker = settings.open(some, context)
    return ranker


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    made = work()
    return time.perf_counter() - begin, made


def _search(ranker: Ranker | None, some: Collection, depth: int) -> float:
    """Returns seconds a query."""
    queries: IntArray = np.arange(min(_QUERIES, len(some.queries)), dtype=np.int32)
    if ranker is None or not ranker.retrieves:
        return 0.0
    depth = min(depth, len(some.documents))
    ranker.search(queries[:1], depth)
    return _timed(partial(ranker.search, queries, depth))[0] / len(queries)


def _vector_search(dimension: int, size: int, depth: int) -> float:
    """Returns seconds a query among vectors drawn around centres, a block of queries at once."""
    from hardneg.rank.dense.store import Vectors
    from hardneg.rank.dense.topk import ExactSearch

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
        return int(np.load(Path(settings.folder).expanduser() / "documents.npy", mmap_mode="r").shape[1])
    return int(settings.encoder().documents(["text"]).shape[1]) if kind == "dense" else 0


def _cached(settings: Any, collection: Collection, cache: Path) -> float:
    """Returns the share of the documents whose vectors are in the cache."""
    from hardneg.rank.dense.store import SHARD, Store

    if RANKERS.name_of(settings) != "dense":
        return 0.0
    store = Store(cache, settings.encoder().fingerprint("document"))
    documents = collection.documents
    found = [len(rows) for rows in rows_of(len(documents), SHARD) if store.has(documents.texts(rows))]
    return sum(found) / len(documents)


def _tried(
    collection: Collection, recipe: Recipe, sample: int, place: Path
) -> tuple[int, dict[str, float], int]:
    """Returns the queries of a trial run, its seconds by stage, and the bytes that it wrote."""
    kinds = [RANKERS.name_of(settings) for settings in recipe.rank.rankers]
    if "vectors" in kinds:
        cheap = [s for s, kind in zip(recipe.rank.rankers, kinds, strict=True) if kind != "vectors"]
        recipe = _without_vectors(recipe, cheap)
    some = _part(collection, sample)
    result = mine(some, recipe, place / "run", cache=place / "trial")
    written = sum(path.stat().st_size for path in (place / "run").rglob("*") if path.is_file())
    fixed = sum(path.stat().st_size for path in (place / "run").glob("*.html"))
    return (
        max(int(result.run["counts"].get("queries", 0)), 1),
        {**result.run["seconds"], "documents": float(len(some.documents))},
        written - fixed,
    )


def _without_vectors(recipe: Recipe, others: list[Any]) -> Recipe:
    """Returns the naive recipe over what else ranks: given vectors are those of the whole collection."""
    kinds = others or ["random"]
    return Recipe.named("naive", rank__rankers=kinds, select__negatives=recipe.select.negatives)


def _part(collection: Collection, size: int) -> Collection:
    """Returns some of the documents, evenly drawn, and queries with their positives."""
    asked = collection.judgments.queries_with_positives
    queries = asked[np.unique(np.linspace(0, len(asked) - 1, min(_QUERIES, size // 4)).astype(int))]
    judged = np.isin(collection.judgments.query, queries)
    total = len(collection.documents)
    drawn = np.linspace(0, total - 1, min(size, total)).astype(np.int32)
    docs = np.union1d(collection.judgments.doc[judged], drawn).astype(np.int32)
    return part(collection, queries, docs)


def _words(collection: Collection) -> float:
    """Returns distinct words a document."""
    rows = np.unique(np.linspace(0, len(collection.documents) - 1, _QUERIES).astype(np.int32))
    return float(np.mean([len(set(text.split())) for text in collection.documents.texts(rows)]))


def _own_memory() -> int:
    """Returns the bytes that this process holds, beside what is mapped; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return sum(1_024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
