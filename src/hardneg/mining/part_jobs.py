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
from hardneg.rankers.dense.sharded_search import ClusterContext, Search, SearchNotPrepared, ShardingPlan
from hardneg.runs.directory import Clock
from hardneg.runs.ledger import Ledger, add_counts


@dataclass(frozen=True)
class PartWriter:
    """Decides on blocks in another process, and writes the parts of the ledger.

    Attributes:
        miner: Decides.
        ledger: Where the parts are written.
    """

    miner: Miner
    ledger: Ledger

    def __call__(self, number: int) -> tuple[int, Mapping[str, Any] | Search]:
        """Writes one part and returns its number and its counts, or the search to prepare for it first."""
        try:
            return _write(self.miner, self.ledger, number)
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
        ledger: Where the parts are written, on a shared disk.
    """

    collection: Collection
    recipe: Recipe
    cache: Path
    encoded: Mapping[Any, Any]
    plan: ShardingPlan | None
    calibration: Mapping[str, Any] | None
    ledger: Ledger

    def __call__(self) -> PartWriter:
        """Returns the part writer, its rankers and validators made ready."""
        context = ClusterContext(self.cache, encoded=dict(self.encoded), plan=self.plan)
        miner = Miner.opened(self.collection, self.recipe, context, Clock())
        if self.calibration is not None:
            miner.validation.calibration = Calibration.build(self.calibration)
        return PartWriter(miner, self.ledger)


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
    work: Miner | Reselector, ledger: Ledger, progress: Progress, remote: RemoteExecution | None = None
) -> dict[str, Any]:
    """Writes the parts that are missing, and returns the totals over all.

    Args:
        work: Decides in this process, unless workers do.
        ledger: Where the parts are written.
        progress: Receives the number of queries decided on.
        remote: Deciding by workers; None where blocks must come one after the other.
    """
    counts: dict[int, Mapping[str, Any]] = {}
    if remote is not None:
        missing = [number for number in range(len(work.sizes)) if not ledger.counts(number)]
        remote.miner.prepare(remote.miner.first(number) for number in missing)
    with progress.task("rank and select", sum(work.sizes), "queries") as task:

        def pending() -> Iterator[int]:
            for number, size in enumerate(work.sizes):
                stored = ledger.counts(number)
                if stored:
                    work.recount(ledger, number)
                    counts[number] = stored
                    task.advance(size)
                else:
                    yield number

        if remote is None:
            written = Local().run(lambda: partial(_write, work, ledger), pending(), "decide")
        else:
            written = _decided(remote, pending())
        for number, own in written:
            counts[number] = own
            task.advance(work.sizes[number])
    return _totals(counts)


def _decided(remote: RemoteExecution, numbers: Iterable[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yields numbers and counts of parts as workers write them, and has them search deeper for the others."""
    while numbers:
        deeper: dict[int, Search] = {}
        for number, result in remote.engine.run(remote.opener, numbers, "decide"):
            if isinstance(result, Search):
                deeper[number] = result
            else:
                yield number, result
        remote.miner.prepare(deeper.values())
        numbers = list(deeper)


def _write(work: Miner | Reselector, ledger: Ledger, number: int) -> tuple[int, Mapping[str, Any]]:
    return number, ledger.write(number, work.block(number))


def _totals(counts: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    totals: dict[str, Any] = {}
    for number in sorted(counts):
        add_counts(totals, counts[number])
    short = totals.pop("short", {})
    return {"counts": totals, "short": short}
