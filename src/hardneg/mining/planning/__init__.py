"""What a job will take, from measuring a sample of it on this machine."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hardneg.core.files import cache_folder
from hardneg.core.progress import NullProgress, Progress
from hardneg.mining.planning.measure import Measured, cached_share, measured, own_memory, tried_on, words
from hardneg.mining.recipe import Recipe
from hardneg.sources import load

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
        documents: Documents to plan for; those of the source unless given.
        queries: Queries to plan for; those of the source unless given.
        sample: Documents to encode; more make the plan better and slower.
        cache: Where vectors are kept; `cache_folder()` unless given.
        progress: Is told how far the measuring is.

    Raises:
        HardnegError: The source or a model is not usable.
    """
    begin = time.perf_counter()
    collection = load(source, recipe.load, progress)
    loading = time.perf_counter() - begin
    held = len(collection.documents)
    recipe = _local(recipe)
    with (
        tempfile.TemporaryDirectory(prefix="hardneg-plan-", dir=_made(cache or cache_folder())) as folder,
        (progress or NullProgress()).task("measure", len(recipe.rank.rankers) + 1, "measurements") as task,
    ):
        place = Path(folder)
        rankers = []
        for name, settings in zip(recipe.rank.names, recipe.rank.rankers, strict=True):
            found = measured(name, settings, collection, sample, place, recipe.rank.depth)
            rankers.append(replace(found, cached=cached_share(settings, collection, cache or cache_folder())))
            task.advance()
        tried, seconds, size = tried_on(collection, recipe, sample, place)
        task.advance()
    total, asked = documents or held, queries or len(collection.judgments.queries_with_positives)
    stages = [Stage("load", loading * total / held, f"{held / loading:,.0f} documents a second")]
    stages += [_opening(ranker, total, held, documents is None) for ranker in rankers]
    stages += _deciding(rankers, tried, seconds, recipe, total, asked)
    entries = 16 * words(collection) * total if any(r.name.startswith("bm25") for r in rankers) else 0
    return Plan(
        total,
        asked,
        tuple(stages),
        own_memory() + _BYTES_A_DOCUMENT * max(total - held, 0) + 4 * total,
        sum(4 * r.dimension * total for r in rankers if r.encodes),
        int(entries + max(0, total - 262_144) * collection.documents.table.nbytes / held),
        int(size / tried * asked),
    )


def _local(recipe: Recipe) -> Recipe:
    """Returns the recipe to be run in this process."""
    from hardneg.engines.local import Local

    return recipe.model_copy(update={"engine": Local()})


def _opening(ranker: Measured, total: int, held: int, own: bool) -> Stage:
    """Returns the stage in which a ranker is opened; what is cached of its own texts takes no time."""
    left = 1 - ranker.cached if own else 1.0
    seconds = ranker.opening.fixed + ranker.opening.slope * total * left
    rate = f"{1 / ranker.opening.slope:,.0f} documents a second" if ranker.opening.slope else "measured"
    cached = f", {ranker.cached:.0%} cached" if own and ranker.cached else ""
    return Stage(f"open {ranker.name}", seconds, rate + cached)


def _deciding(
    rankers: list[Measured], tried: int, seconds: dict[str, float], recipe: Recipe, total: int, asked: int
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


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
