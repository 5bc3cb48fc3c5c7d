"""Reports and figures of runs, in folders and in memory."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from hardneg.api.places import AnyRun, run_folder
from hardneg.core.errors import ConfigError
from hardneg.core.records import Collection
from hardneg.runs.finished import FinishedRun, collection_of

if TYPE_CHECKING:
    from hardneg.report.plot import Plots

_LOG = logging.getLogger("hardneg.report")


def write(
    run: AnyRun,
    out: str | Path | None,
    other: AnyRun | None,
    language: str,
    limit: int | None,
    figures: str | Path | None,
    collection: Collection | None,
) -> Path:
    """Writes a report; see `hardneg.write_report`."""
    from hardneg import report

    in_memory = isinstance(run, FinishedRun) and run.folder is None
    if out is None and in_memory:
        raise ConfigError("the run is in memory: name the file to write, as in run.report('report.html')")
    with run_folder(run) as folder:
        if (folder / report.COMPARISON).is_file():
            return report.write_comparison(folder, out, language=language, figures=figures)
        if collection is None:
            collection = run.collection if isinstance(run, FinishedRun) else collection_of(folder)
        if collection is None:
            _LOG.warning("the source is not there or has changed: the report shows ids for texts")
        if other is None:
            written = report.write_report(folder, collection, out, language=language, limit=limit)
        else:
            with run_folder(other) as second:
                target = out or folder / f"report-{second.resolve().name}.html"
                written = report.write_versus(
                    (folder, second), collection, target, language=language, limit=limit
                )
        if figures is not None:
            report.write_figures(folder, figures, language=language)
    return written


def plots(run: FinishedRun) -> Plots:
    """Returns the figures of a run; those of a run in memory are counted at once."""
    from hardneg import report

    report.require()
    from hardneg.report.plot import Plots

    if run.folder is not None:
        return Plots(run.folder)
    with run_folder(run) as folder:
        figures = Plots(folder)
        _ = figures.summary
    return figures
