"""What a job will take, measured on samples of it on this machine within budgets of seconds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import Context, OpenedRanker
from hardneg.core.display import counted
from hardneg.core.files import cache_folder
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import FloatArray, IntArray
from hardneg.engines.local import Local
from hardneg.mining.miner import Miner
from hardneg.mining.part_jobs import write_ledger
from hardneg.mining.planning.measure import GROWTH, Line, Measured, Samples, Timer, grow
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import Clock
from hardneg.runs.ledger import FolderLedger
from hardneg.runs.training_set import TrainingSet
from hardneg.sources import load

_BYTES_A_DOCUMENT = 130
"""Memory that grows with the corpus: keys of texts and ids, tables of the loader, what is sorted at once."""
_BUDGET = 15.0
_FEWEST, _MOST = 16, 256
"""Documents of a trial run."""


@dataclass(frozen=True)
class Stage:
    """One stage of a job."""

    name: str  # as run.json's `seconds` has it
    seconds: float
    basis: str  # what that rests on, for people


@dataclass(frozen=True)
class Plan:
    """What a job will take, in seconds and bytes."""

    documents: int
    queries: int
    stages: tuple[Stage, ...]
    memory: int  # the process's own, beside what is mapped from disk
    cache: int  # vectors that stay in the cache
    temporary: int  # files without a name, which vanish with the process
    run: int  # the run directory

    @property
    def seconds(self) -> float:
        """How long it will take in all."""
        return sum(stage.seconds for stage in self.stages)

    def facts(self) -> dict[str, Any]:
        """Returns plain values."""
        return {**asdict(self), "seconds": self.seconds}


def plan(
    source: str,
    recipe: Recipe,
    *,
    documents: int | None = None,
    queries: int | None = None,
    sample: int = 1_024,
    cache: Path | None = None,
    progress: Progress | None = None,
    timer: Timer = time.perf_counter,
) -> Plan:
    """Returns what mining a source will take on this machine, measured within budgets of seconds.

    The source is loaded whole. Samples grow while there is time: texts to encode, documents to index, vectors
    to search, and queries of a trial run without a report, in a folder for temporary files. Seconds are
    extrapolated in a straight line: encoding and indexing by characters, searching by documents, deciding by
    queries.

    Args:
        source: As `pipeline.mine` takes it.
        recipe: What to do; its engine is left out of account.
        documents: A size to plan for; that of the source unless given.
        queries: Likewise.
        sample: Most documents to encode.
        cache: Where vectors are kept; `cache_folder()` unless given. It is only read.
        progress: Receives the progress.
        timer: Returns seconds.

    Raises:
        HardnegError: The source or a model is not usable.
    """
    recipe.check_installed()
    begin = timer()
    collection = load(source, recipe.load, progress)
    loading = timer() - begin
    held = len(collection.documents)
    recipe, cache = recipe.model_copy(update={"engine": Local()}), cache or cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="hardneg-plan-", dir=cache) as folder,
        (progress or NullProgress()).task("measure", len(recipe.rank.rankers) + 1, "measurements") as task,
    ):
        samples = Samples(collection, Path(folder), cache, sample, recipe.rank.depth, timer)
        rankers = {}
        for name, settings in zip(recipe.rank.names, recipe.rank.rankers, strict=True):
            rankers[name] = samples.ranker(name, settings)
            task.advance()
        trial = try_out(samples, recipe, rankers)
        found = [samples.with_search(ranker) for ranker in rankers.values()]
        task.advance()
        characters, terms = samples.mean_characters(), samples.words()
    total, asked = documents or held, queries or len(collection.judgments.queries_with_positives)
    stages = [Stage("load", loading * total / held, f"{held / loading:,.0f} documents a second")]
    stages += [_opening(ranker, total, characters, documents is None) for ranker in found]
    stages += _deciding(found, trial, recipe, total, asked)
    indexing = terms * total * max(ranker.bytes_per_term for ranker in found)
    return Plan(
        total,
        asked,
        tuple(stages),
        _own_memory() + _BYTES_A_DOCUMENT * max(total - held, 0) + 4 * total,
        sum(4 * ranker.dimension * total for ranker in found),
        int(indexing + max(0, total - 262_144) * collection.documents.table.nbytes / held),
        int(trial.bytes_per_query * asked),
    )


def _opening(ranker: Measured, total: int, characters: float, own: bool) -> Stage:
    """Returns the stage in which a ranker is opened; vectors of the source's own texts may be cached."""
    left = 1 - ranker.cached if own else 1.0
    slope = ranker.opening.slope * characters
    rate = f"{1 / slope:,.0f} documents a second" if slope else "measured"
    cached = f", {ranker.cached:.0%} cached" if own and ranker.cached else ""
    return Stage(f"open {ranker.name}", ranker.opening.fixed + slope * total * left, rate + cached)


def _deciding(rankers: list[Measured], trial: Trial, recipe: Recipe, total: int, asked: int) -> list[Stage]:
    """Returns the stages whose time grows with the queries."""
    searching = sum(ranker.searching.at(total) for ranker in rankers)
    tried = sum(ranker.searching.at(trial.documents) for ranker in rankers)
    deeper = min(recipe.rank.depth, total) / min(recipe.rank.depth, trial.documents)
    rest = max(trial.deciding.slope - tried, 0.0) * deeper
    basis = f"{1e3 * searching:,.2f} ms per query to search, {1e3 * rest:,.2f} ms for the rest"
    stages = []
    if recipe.validation.calibrate:
        count = min(recipe.validation.sample, asked)
        own = max(trial.calibrating.slope - tried, 0.0) * deeper
        seconds = trial.calibrating.fixed + (own + searching) * count
        stages.append(Stage("calibrate", seconds, f"{counted(count, 'query')}"))
    stages.append(Stage("rank and select", (searching + rest) * asked, basis))
    export = trial.exporting
    return [*stages, Stage("export", export.at(asked), f"{1e3 * export.slope:,.2f} ms per query")]


def _own_memory() -> int:
    """Returns the bytes that this process holds, without mapped files; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return sum(1_024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


@dataclass(frozen=True)
class Trial:
    """What a trial run on some documents took, by queries, and the bytes that it wrote."""

    documents: int
    calibrating: Line
    deciding: Line  # to rank, validate and select
    exporting: Line
    bytes_per_query: float


def try_out(samples: Samples, recipe: Recipe, rankers: Mapping[str, Measured]) -> Trial:
    """Returns what deciding takes: a few queries are ranked, validated, selected and exported.

    The documents are as few as are encoded in a third of the budget; there is no report.
    """
    encoding = sum(ranker.opening.slope for ranker in rankers.values()) * samples.mean_characters()
    size = int(np.clip(_BUDGET / 3 / max(encoding, 1e-9), _FEWEST, _MOST))
    collection, queries, docs = samples.part(size)
    ready = {name: _PartOf(r.whole, queries, docs) for name, r in rankers.items() if r.whole is not None}
    miner = Miner.opened(collection, recipe, Context(samples.folder / "trial"), Clock(), ready)
    rows = np.concatenate([*miner.blocks, np.empty(0, np.int32)]).astype(np.int32)
    ends = np.minimum(np.cumsum([GROWTH**n for n in range(len(rows).bit_length())] or [0]), len(rows))
    blocks = {len(block): block for block in np.split(rows, ends[:-1]) if len(block)}  # scores are remembered
    points = grow(partial(_run, miner, recipe, blocks, samples), sorted(blocks), _BUDGET, samples.timer)
    runs = [(point.size, point.made) for point in points]
    calibrating, deciding, exporting = (
        _line([(size, made[stage]) for size, made in runs]) for stage in range(3)
    )
    written = runs[-1][1][3] / runs[-1][0]
    return Trial(len(collection.documents), calibrating, deciding, exporting, written)


def _run(
    miner: Miner, recipe: Recipe, blocks: Mapping[int, IntArray], samples: Samples, size: int
) -> tuple[float, float, float, int]:
    """Returns the seconds to calibrate, to decide and to export, and the bytes written."""
    folder = samples.folder / f"run-{size}"
    folder.mkdir()
    miner.blocks, miner.sizes = [blocks[size]], [size]
    calibrating = samples.timed(miner.calibrate)[1] if recipe.validation.calibrate else 0.0
    ledger = FolderLedger(folder)
    deciding = samples.timed(lambda: write_ledger(miner, ledger, NullProgress()))[1]
    training_set = TrainingSet(ledger, miner.collection, recipe.select.by or "")
    out = folder / f"train{recipe.format.suffix}"
    exporting = samples.timed(lambda: recipe.format.write(training_set, out))[1]
    written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return calibrating, deciding, exporting, written


def _line(points: list[tuple[int, float]]) -> Line:
    """Returns the line through the last two points; the first one, which compiles, does not count."""
    return Line.through(points[-2], points[-1]) if len(points) > 2 else Line.through((0, 0.0), points[-1])


class _PartOf:
    """A ranker over the whole collection, as one over a part of it: the rows of queries and documents."""

    retrieves = True

    def __init__(self, whole: OpenedRanker, queries: IntArray, docs: IntArray) -> None:
        self.facts = whole.facts
        self._whole, self._queries, self._docs = whole, queries, docs

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best documents of the part; see `OpenedRanker.search`."""
        scores = self.score(queries, np.tile(np.arange(len(self._docs), dtype=np.int32), (len(queries), 1)))
        docs = np.argsort(-scores, axis=1, kind="stable")[:, :depth].astype(np.int32)  # NaN last
        scores = np.take_along_axis(scores, docs, axis=1)
        return np.where(np.isnan(scores), np.int32(-1), docs), scores

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        return self._whole.score(self._queries[queries], self._rows(docs))

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns the similarity of documents to others; see `Ranker.compares_documents`."""
        whole: Any = self._whole
        return np.asarray(whole.alike(self._rows(docs), self._rows(others)), np.float32)

    def _rows(self, docs: IntArray) -> IntArray:
        return np.where(docs >= 0, self._docs[docs], np.int32(-1))
