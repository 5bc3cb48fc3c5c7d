"""A run as a person holds it: its examples, its ledger, and what can be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardneg.api.places import run_folder
from hardneg.core.components import Format
from hardneg.core.tables import html_table
from hardneg.runs.finished import FinishedRun

if TYPE_CHECKING:
    from hardneg.mining.recipe import Recipe
    from hardneg.report.plot import Plots


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
        from hardneg.api import audit

        return audit(self, **settings)

    def select(
        self, recipe: Recipe | str | Mapping[str, Any], out: str | Path | None = None, **settings: Any
    ) -> Run:
        """Returns the run that another recipe selects from the same candidates; see `hardneg.select`."""
        from hardneg.api import select

        return select(self, recipe, out, **settings)

    def export(self, format: str | Mapping[str, Any] | Format, out: str | Path) -> Mapping[str, Any]:
        """Writes the training set in a trainer's format; see `hardneg.export`."""
        from hardneg.api import export

        return export(self, format, out)

    def report(self, out: str | Path | None = None, **settings: Any) -> Path:
        """Writes the report, and returns where it is; see `hardneg.write_report`."""
        from hardneg.api import write_report

        return write_report(self, out, **settings)

    def save(self, folder: str | Path, *, report: bool = True) -> Run:
        """Writes the run directory that the command line would have written, and returns the run in it.

        Args:
            folder: The run directory, or its URL.
            report: Whether to write `report.html` too.

        Raises:
            ConfigError: The folder holds something else.
            DataError: It cannot be written.
        """
        from hardneg.api.runs import saved

        return saved(self, folder, report=report)

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
        sizes = f"{counts.get('queries', 0):,} queries, {counts.get('negatives', 0):,} negatives"
        place = "in memory" if self.folder is None else f"in {self.url or self.folder}"
        return f"Run({self.info['recipe']['name']} on {self.info['collection']['name']}: {sizes}, {place})"

    def _repr_html_(self) -> str:
        """Returns a table of the run's counts, for notebooks."""
        counts = {**self.info["counts"], **self.info["counts"].get("dropped", {})}
        rows = [(name.replace("_", " "), count) for name, count in counts.items() if name != "dropped"]
        return html_table(f"{self.info['recipe']['name']} on {self.info['collection']['name']}", rows)
