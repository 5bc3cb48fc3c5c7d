"""A run as a person holds it: its examples, its ledger, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardneg.api import reading
from hardneg.api.places import opened_run, run_folder
from hardneg.api.reading import write_page
from hardneg.core.components import Format
from hardneg.core.display import counted
from hardneg.core.progress import Progress
from hardneg.core.stores import is_url, output_dir
from hardneg.core.tables import html_table
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe, reselecting
from hardneg.runs.finished import FinishedRun

if TYPE_CHECKING:
    from hardneg.report.plot import Plots

AnyRecipe = Recipe | str | Mapping[str, Any]
"""A recipe, the name or YAML file of one, or its settings."""


class Run(FinishedRun):
    """A finished run, in a folder or in memory.

    A run in memory holds its whole ledger: about 60 bytes a candidate, so 6 GB for a million queries of 100
    candidates. A larger one belongs in a folder: `mine(source, recipe, "folder")`.

    Attributes:
        folder: The run directory; None for a run in memory.
        info: The content of run.json, as `info["counts"]`.
        collection: What was mined.
        ledger: The decisions on every candidate, part by part.
        calibration: What calibration learned, as calibration.json has it; None without any.
        url: Where the run directory is a copy of; None for one on a disk.
    """

    @classmethod
    def of(cls, finished: FinishedRun, url: str | None = None) -> Run:
        """Returns a finished run with the verbs."""
        own = {each.name: getattr(finished, each.name) for each in fields(finished)}
        return cls(**{**own, "url": url or finished.url})

    def audit(self, **settings: Any) -> dict[str, Any]:
        """Returns the false-negative rate of the negatives; see `hardneg.audit`."""
        return reading.audit(self, **settings)

    def select(
        self,
        recipe: AnyRecipe,
        out: str | Path | None = None,
        *,
        report: bool = True,
        progress: Progress | None = None,
    ) -> Run:
        """Returns the run that another recipe selects from the same candidates; see `hardneg.select`."""
        with opened_run(self, progress=progress) as finished:
            chosen = reselecting(finished, recipe)
            return made(
                out,
                lambda place: pipeline.select(finished, chosen, place, progress=progress),
                report,
                progress,
            )

    def export(self, format: str | Mapping[str, Any] | Format, out: str | Path) -> Mapping[str, Any]:
        """Writes the training set in a trainer's format; see `hardneg.export`."""
        return reading.export(self, format, out)

    def report(self, out: str | Path | None = None, **settings: Any) -> Path:
        """Writes the report, and returns where it is; see `hardneg.write_report`."""
        return reading.write_report(self, out, **settings)

    def save(self, folder: str | Path, *, report: bool = True) -> Run:
        """Writes the run directory that the command line would have written, and returns the run in it.

        Args:
            folder: The run directory, or its URL.
            report: Whether to write `report.html` too.

        Raises:
            ConfigError: The folder holds something else.
            DataError: It cannot be written.
        """
        return made(folder, lambda place: pipeline.save(self, place or Path(folder)), report, None)

    @property
    def plot(self) -> Plots:
        """The figures of the report: `run.plot.scores()`.

        Raises:
            MissingExtra: The extra `report` is not installed.
        """
        from hardneg import report

        report.require()
        from hardneg.report.plot import Plots

        if self.folder is not None:
            return Plots(self.folder)
        with run_folder(self) as folder:
            figures = Plots(folder)
            _ = figures.summary  # counted at once: the folder is gone after this
        return figures

    def __repr__(self) -> str:
        counts = self.info["counts"]
        sizes = (
            f"{counted(counts.get('queries', 0), 'query')}, {counted(counts.get('negatives', 0), 'negative')}"
        )
        place = "in memory" if self.folder is None else f"in {self.url or self.folder}"
        return f"Run({self.info['recipe']['name']} on {self.info['collection']['name']}: {sizes}, {place})"

    def _repr_html_(self) -> str:
        """Returns a table of the run's counts, for notebooks."""
        counts = {**self.info["counts"], **self.info["counts"].get("dropped", {})}
        rows = [(name.replace("_", " "), count) for name, count in counts.items() if name != "dropped"]
        return html_table(f"{self.info['recipe']['name']} on {self.info['collection']['name']}", rows)


def made(
    out: str | Path | None,
    make: Callable[[Path | None], FinishedRun],
    report: bool,
    progress: Progress | None,
) -> Run:
    """Returns a new run; one in a folder gets its report, and is uploaded to the URL if `out` is one."""
    if out is None:
        return Run.of(make(None))
    with output_dir(out, progress) as place:
        finished = make(place)
        if report:
            write_page(finished, progress)
    return Run.of(finished, str(out) if is_url(out) else None)
