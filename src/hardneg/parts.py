"""The parts of a ledger as jobs of an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardneg import ledger
from hardneg.blocks import Chooser, Miner
from hardneg.calibrate.calibration import Calibration
from hardneg.rank import Context
from hardneg.recipe import Recipe
from hardneg.records import Collection
from hardneg.run import Clock


@dataclass(frozen=True)
class PartWriter:
    """Decides on blocks and writes the parts of the ledger.

    Attributes:
        work: Who decides.
        out: The run directory.
    """

    work: Miner | Chooser
    out: Path

    def __call__(self, number: int) -> tuple[int, Mapping[str, Any]]:
        """Writes one part and returns its number and its counts."""
        return number, ledger.write_part(self.out, number, self.work.block(number))


@dataclass(frozen=True)
class Reopening:
    """Makes a part writer in another process, which reads vectors from the shared cache.

    Attributes:
        collection: What is mined.
        recipe: How.
        cache: The shared cache.
        encoded: What stands for the encoders; see `Context`.
        calibration: What calibration learned; None without any.
        out: The run directory, on a shared disk.
    """

    collection: Collection
    recipe: Recipe
    cache: Path
    encoded: Mapping[Any, Any]
    calibration: Mapping[str, Any] | None
    out: Path

    def __call__(self) -> PartWriter:
        """Returns the part writer, its rankers and validators made ready."""
        context = Context(self.cache, encoded=dict(self.encoded))
        miner = Miner.opened(self.collection, self.recipe, context, Clock())
        if self.calibration is not None:
            miner.examiner.calibration = Calibration.build(self.calibration)
        return PartWriter(miner, self.out)
