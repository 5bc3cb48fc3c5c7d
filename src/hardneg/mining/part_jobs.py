"""The parts of a ledger as jobs of an engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from hardneg.calibration.calibration import Calibration
from hardneg.core.components import Engine
from hardneg.core.progress import Progress
from hardneg.core.records import Collection
from hardneg.engines.local import Local
from hardneg.mining.miner import Miner, Reselector
from hardneg.mining.recipe import Recipe
from hardneg.rankers.dense.prepared_search import ClusterContext, Search, SearchNotPrepared, ShardingPlan
from hardneg.runs import ledger
from hardneg.runs.directory import Clock


@dataclass(frozen=True)
class PartWriter:
    """Decides on blocks in another process, and writes the parts of the ledger.

    Attributes:
        miner: Who decides.
        out: The run directory.
    """

    miner: Miner
    out: Path

    def __call__(self, number: int) -> tuple[int, Mapping[str, Any] | Search]:
        """Writes one part and returns its number and its counts, or the search to prepare for it first."""
        try:
            return _write(self.miner, self.out, number)
        except SearchNotPrepared as unsearched:
            return number, unsearched.search


@dataclass(frozen=True)
class PartWriterFactory:
    """Makes a part writer in another process, which reads vectors from the shared cache.

    Attributes:
        collection: What is mined.
        recipe: How.
        cache: The shared cache.
        encoded: What the workers have encoded; see `ClusterContext`.
        plan: How searches are divided; see `ClusterContext`.
        calibration: What calibration learned; None without any.
        out: The run directory, on a shared disk.
    """

    collection: Collection
    recipe: Recipe
    cache: Path
    encoded: Mapping[Any, Any]
    plan: ShardingPlan | None
    calibration: Mapping[str, Any] | None
    out: Path

    def __call__(self) -> PartWriter:
        """Returns the part writer, its rankers and validators made ready."""
        context = ClusterContext(self.cache, encoded=dict(self.encoded), plan=self.plan)
        miner = Miner.opened(self.collection, self.recipe, context, Clock())
        if self.calibration is not None:
            miner.validation.calibration = Calibration.build(self.calibration)
        return PartWriter(miner, self.out)


class RemoteExecution(NamedTuple):
    """Deciding by the workers of an engine.

    Attributes:
        engine: The engine.
        opener: Makes their part writers.
        miner: Has searches prepared for them.
    """

    engine: Engine
    opener: PartWriterFactory
    miner: Miner


def write_ledger(
    work: Miner | Reselector, out: Path, progress: Progress, spread: RemoteExecution | None = None
) -> dict[str, Any]:
    """Writes the parts that are not there yet, and returns the totals over all.

    Args:
        work: Decides in this process, unless workers do.
        out: The run directory.
        progress: Is told of the queries decided on.
        spread: Deciding by workers; None where blocks must come one after the other.
    """
    known: dict[int, Mapping[str, Any]] = {}
    if spread is not None:
        lacking = [number for number in range(len(work.sizes)) if not _counts(out, number)]
        spread.miner.prepare(spread.miner.first(number) for number in lacking)
    with progress.task("rank and select", sum(work.sizes), "queries") as task:

        def missing() -> Iterator[int]:
            for number, size in enumerate(work.sizes):
                counts = _counts(out, number)
                if counts:
                    work.recount(ledger.part_path(out, number))
                    known[number] = counts
                    task.advance(size)
                else:
                    yield number

        if spread is None:
            written = Local().run(lambda: partial(_write, work, out), missing(), "decide")
        else:
            written = _decided(spread, missing())
        for number, counts in written:
            known[number] = counts
            task.advance(work.sizes[number])
    return _totals(known)


def _decided(spread: RemoteExecution, numbers: Iterable[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yields numbers and counts of parts as workers write them, and has them search deeper for the others."""
    while numbers:
        deeper: dict[int, Search] = {}
        for number, found in spread.engine.run(spread.opener, numbers, "decide"):
            if isinstance(found, Search):
                deeper[number] = found
            else:
                yield number, found
        spread.miner.prepare(deeper.values())
        numbers = list(deeper)


def _write(work: Miner | Reselector, out: Path, number: int) -> tuple[int, Mapping[str, Any]]:
    return number, ledger.write_part(out, number, work.block(number))


def _counts(out: Path, number: int) -> Mapping[str, Any]:
    return ledger.read_counts(ledger.part_path(out, number))


def _totals(known: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    totals: dict[str, Any] = {}
    for number in sorted(known):
        ledger.add_counts(totals, known[number])
    short = totals.pop("short", {})
    return {"counts": totals, "short": short}
