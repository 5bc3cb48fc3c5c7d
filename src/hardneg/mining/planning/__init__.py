"""What a job will take, measured on samples of it on this machine within budgets of seconds."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hardneg.core.files import cache_folder
from hardneg.core.progress import NullProgress, Progress
from hardneg.engines.local import Local
from hardneg.mining.planning.measure import Measured, Samples, Timer
from hardneg.mining.planning.trial import Trial, try_out
from hardneg.mining.recipe import Recipe
from hardneg.sources import load

_BYTES_A_DOCUMENT = 130
"""Memory that grows with the corpus: keys of texts and ids, tables of the loader, what is sorted at once."""


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
        stages.append(Stage("calibrate", seconds, f"{count:,} queries"))
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
