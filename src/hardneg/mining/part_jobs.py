"""The parts of a ledger as jobs of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hardneg.calibration.calibration import Calibration
from hardneg.calibration.noisy_positives import NoisyPositives
from hardneg.core.components import OpenedRanker
from hardneg.core.progress import Progress
from hardneg.core.records import Collection
from hardneg.engines.local import Local
from hardneg.mining.miner import Miner, Reselector
from hardneg.mining.recipe import Recipe
from hardneg.rankers.sharded_search import ClusterContext, Search, SearchNotPrepared, ShardingPlan
from hardneg.runs.directory import Clock
from hardneg.runs.ledger import Ledger, add_counts


@dataclass(frozen=True)
class PartWriterFactory:
    """Makes, in another process, what decides on blocks and writes parts; vectors are in the shared cache."""

    collection: Collection
    recipe: Recipe
    cache: Path
    encoded: Mapping[Any, Any]  # by the workers; see `ClusterContext`
    plan: ShardingPlan | None  # how searches are divided; see `ClusterContext`
    rankers: Mapping[str, OpenedRanker]  # those that need not be opened again
    calibration: Mapping[str, Any] | None
    ledger: Ledger  # on a shared disk
    positives: Mapping[str, Any] | None = None  # what was learned of them

    def __call__(self) -> Callable[[int], tuple[int, Mapping[str, Any] | Search]]:
        """Returns what writes a part by its number, its rankers and validators made ready."""
        context = ClusterContext(self.cache, encoded=dict(self.encoded), plan=self.plan)
        miner = Miner.opened(self.collection, self.recipe, context, Clock(), self.rankers)
        if self.calibration is not None:
            miner.use(Calibration.build(self.calibration))
        if self.positives is not None:
            miner.positives.learned = NoisyPositives.build(self.positives)
        return partial(_written_or_search, miner, self.ledger)


def write_ledger(
    work: Miner | Reselector, ledger: Ledger, progress: Progress, opener: PartWriterFactory | None = None
) -> dict[str, Any]:
    """Writes the parts that are missing, and returns the totals over all.

    An opener has the workers of its recipe's engine decide; without one, blocks come one after the other.
    """
    counts: dict[int, Mapping[str, Any]] = {}
    if opener is not None and isinstance(work, Miner):
        missing = [number for number in range(len(work.sizes)) if not ledger.counts(number)]
        work.prepare(work.first(number) for number in missing)
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

        if opener is not None and isinstance(work, Miner):
            written = _written_by_workers(work, opener, pending())
        else:
            written = Local().run(lambda: partial(_written, work, ledger), pending(), "decide")
        for number, own in written:
            counts[number] = own
            task.advance(work.sizes[number])
    return _totals(counts)


def _written_by_workers(
    miner: Miner, opener: PartWriterFactory, numbers: Iterable[int]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yields numbers and counts of parts as workers write them, and has them search deeper for the others."""
    while numbers:
        deeper: dict[int, Search] = {}
        for number, result in opener.recipe.engine.run(opener, numbers, "decide"):
            if isinstance(result, Search):
                deeper[number] = result
            else:
                yield number, result
        miner.prepare(deeper.values())
        numbers = list(deeper)


def _written(work: Miner | Reselector, ledger: Ledger, number: int) -> tuple[int, Mapping[str, Any]]:
    return number, ledger.write(number, work.block(number))


def _written_or_search(miner: Miner, ledger: Ledger, number: int) -> tuple[int, Mapping[str, Any] | Search]:
    """Writes a part and returns its number and its counts, or the search to prepare for it first."""
    try:
        return _written(miner, ledger, number)
    except SearchNotPrepared as unsearched:
        return number, unsearched.search


def _totals(counts: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    totals: dict[str, Any] = {}
    for number in sorted(counts):
        add_counts(totals, counts[number])
    short = totals.pop("short", {})
    return {"counts": totals, "short": short}
