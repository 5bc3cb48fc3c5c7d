"""Finished runs: what they left behind, opened again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardneg.core.errors import DataError, HardnegError
from hardneg.core.records import Collection
from hardneg.core.stores import fetched
from hardneg.core.tables import html_table
from hardneg.runs.directory import RunFolder
from hardneg.runs.training_set import TrainingSet
from hardneg.sources import LoadOptions, load

if TYPE_CHECKING:
    from hardneg.report.plot import Plots


@dataclass(frozen=True)
class Result:
    """What a run left behind.

    Attributes:
        folder: The run directory.
        run: The content of its run.json.
        training_set: Its examples.
    """

    folder: Path
    run: Mapping[str, Any]
    training_set: TrainingSet

    @property
    def plot(self) -> Plots:
        """The figures of the report: `result.plot.scores()`."""
        from hardneg.report.plot import Plots

        return Plots(self.folder)

    def _repr_html_(self) -> str:
        """Returns a table of the run's counts, for notebooks."""
        counts = {**self.run["counts"], **self.run["counts"].get("dropped", {})}
        rows = [(name.replace("_", " "), count) for name, count in counts.items() if name != "dropped"]
        return html_table(f"{self.run['recipe']['name']} on {self.run['collection']['name']}", rows)


def load_run(run_folder: Path, collection: Collection | None) -> tuple[dict[str, Any], Collection]:
    """Returns run.json of a finished run and the collection it was mined from, loaded unless given."""
    known = RunFolder(run_folder).finished()
    if collection is None and known["source"] is None:
        raise DataError(f"{run_folder} was mined from a collection in memory; give it as collection=")
    if collection is None:
        collection = load(known["source"], LoadOptions(**known["recipe"]["load"]))
    if collection.digest != known["collection"]["digest"]:
        source = known["source"] or "the collection"
        raise DataError(f"{source} has changed since {run_folder} was mined; mine it again")
    return known, collection


def open_run(run_folder: str | Path, *, collection: Collection | None = None) -> Result:
    """Returns a finished run: its run.json, its training set, its figures.

    Args:
        run_folder: The run directory, or its URL.
        collection: What was mined, if it was not loaded from a source.

    Raises:
        DataError: The run is not finished, or its source has changed or is not there.
    """
    folder = fetched(run_folder)
    known, collection = load_run(folder, collection)
    training_set = TrainingSet(folder, collection, known["recipe"]["select"]["by"] or "")
    return Result(folder, known, training_set)


def collection_of(run_folder: str | Path) -> Collection | None:
    """Returns what a finished run was mined from, None where the source is not there or has changed.

    Raises:
        DataError: It is no finished run.
    """
    RunFolder(Path(run_folder)).finished()
    try:
        return load_run(Path(run_folder), None)[1]
    except HardnegError:
        return None
