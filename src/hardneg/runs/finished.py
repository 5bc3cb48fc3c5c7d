"""Finished runs: what mining returns, and what is opened again from a run directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from hardneg.core.errors import ConfigError, DataError, HardnegError
from hardneg.core.files import real_path
from hardneg.core.records import Collection
from hardneg.core.registry import first_problem
from hardneg.runs.directory import RunFolder
from hardneg.runs.ledger import Ledger
from hardneg.runs.training_set import TrainingSet
from hardneg.sources import LoadOptions, chunks, load


@dataclass(frozen=True)
class FinishedRun:
    """A finished run, in a folder or in memory.

    Attributes:
        folder: The run directory; None for a run in memory.
        info: The content of run.json, as `info["counts"]`; in memory without `export`.
        collection: What was mined.
        ledger: The decisions on every candidate, part by part.
        calibration: What calibration learned, as calibration.json has it; None without any.
        recipe: The `Recipe` of a run that this process made; None where run.json alone has its settings.
        write: Writes the training set of a run in memory into a folder and returns run.json's `export`; None
            for the recipe's format.
        url: The store's place that the folder is a copy of; None for a folder of its own.
    """

    folder: Path | None
    info: Mapping[str, Any]
    collection: Collection
    ledger: Ledger
    calibration: Mapping[str, Any] | None = None
    recipe: Any = field(default=None, repr=False)
    write: Any = field(default=None, repr=False)
    url: str | None = None

    @cached_property
    def training_set(self) -> TrainingSet:
        """The examples: queries, positives and chosen negatives."""
        return TrainingSet(
            self.ledger,
            self.collection,
            self.scorer,
            self.info["recipe"]["select"].get("max_positives"),
            self.info["recipe"]["select"].get("scores", "raw"),
        )

    @property
    def candidates(self) -> pa.Table:
        """The whole ledger, one row per candidate: scores, decision, reason, evidence, weight."""
        return pa.concat_tables(block.table for block in self.ledger).replace_schema_metadata(None)

    @property
    def scorer(self) -> str:
        """The ranker whose scores thresholds read."""
        return self.info["recipe"]["select"]["by"] or ""

    @property
    def directory(self) -> Path:
        """The run directory."""
        if self.folder is None:
            raise ConfigError(
                "the run is in memory, and this needs its files; save it first: run.save(folder)"
            )
        return self.folder

    @property
    def name(self) -> str:
        """What errors call it: its folder, or `the run in memory`."""
        return self.ledger.name


def open_run(run_folder: str | Path, *, collection: Collection | None = None) -> FinishedRun:
    """Returns the finished run of a folder."""
    folder = RunFolder(Path(run_folder))
    info, collection = load_run(folder.path, collection)
    return FinishedRun(folder.path, info, collection, folder.ledger, folder.read_calibration())


def load_run(run_folder: Path, collection: Collection | None) -> tuple[dict[str, Any], Collection]:
    """Returns run.json of a finished run and the collection it was mined from, loaded unless given.

    A run that holds its own chunks has them for its source, wherever it is.
    """
    info = RunFolder(run_folder).finished()
    info["source"] = source_of(run_folder, info)
    if collection is None and info["source"] is None:
        raise DataError(f"{run_folder} was mined from a collection in memory; give it as collection=")
    if collection is None:
        try:
            options = LoadOptions(**info["recipe"]["load"])
        except ValidationError as error:
            raise DataError(f"{run_folder / 'run.json'}: recipe.load: {first_problem(error)}") from None
        collection = load(info["source"], options)
    if collection.digest != info["collection"]["digest"]:
        source = info["source"] or "the collection"
        raise DataError(f"{source} has changed since {run_folder} was mined; mine it again")
    return info, collection


def source_of(run_folder: str | Path, info: Mapping[str, Any]) -> str | None:
    """Returns where the collection of a run is: the chunks in its folder, or what its run.json says."""
    own = Path(run_folder) / chunks.FOLDER
    if info["collection"].get("chunks") and chunks.fits(own):
        return str(real_path(own))
    source: str | None = info["source"]
    return source


def collection_of(run_folder: str | Path) -> Collection | None:
    """Returns what a finished run was mined from, None where the source is not there or has changed."""
    RunFolder(Path(run_folder)).finished()
    try:
        return load_run(Path(run_folder), None)[1]
    except HardnegError:
        return None
