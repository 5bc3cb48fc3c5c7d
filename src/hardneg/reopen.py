"""Finished runs, opened again."""

from __future__ import annotations

from pathlib import Path

from hardneg.errors import DataError, HardnegError
from hardneg.ledger import TrainingSet
from hardneg.pipeline import Result, reload
from hardneg.records import Collection
from hardneg.run import RunFolder


def open_run(run_folder: str | Path, *, collection: Collection | None = None) -> Result:
    """Returns a finished run: its run.json, its training set, its figures.

    Args:
        run_folder: The run directory.
        collection: What was mined, if it was not loaded from a source.

    Raises:
        DataError: The run is not finished, or its source has changed or is not there.
    """
    known, collection = reload(Path(run_folder), collection)
    training_set = TrainingSet(Path(run_folder), collection, known["recipe"]["select"]["by"] or "")
    return Result(Path(run_folder), known, training_set)


def collection_of(run_folder: str | Path) -> Collection | None:
    """Returns what a finished run was mined from, None where the source is not there or has changed.

    Raises:
        DataError: It is no finished run.
    """
    known = RunFolder(Path(run_folder)).read()
    if not known.get("finished"):
        raise DataError(f"{run_folder} is not finished; run the same hardneg mine command to finish it")
    try:
        return reload(Path(run_folder), None)[1]
    except HardnegError:
        return None
