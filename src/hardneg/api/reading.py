"""The public verbs that read a run: its rate, its files, its report, its copy on the hub."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardneg.api.places import AnyRun, opened_run, run_folder
from hardneg.core.components import FORMATS, Format
from hardneg.core.errors import ConfigError, wrap_errors
from hardneg.core.files import real_path
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.mining import pipeline
from hardneg.runs.directory import RunFolder
from hardneg.runs.finished import FinishedRun, collection_of

_LOG = logging.getLogger("hardneg.report")


def audit(
    run: AnyRun,
    *,
    method: str | None = None,
    target: float | None = None,
    share: float = 0.5,
    collection: Collection | None = None,
    report: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Returns the false-negative rate of a run with its interval; in a folder also as `audit.json`.

    Args:
        run: The run to audit.
        method: `judged_sample`, `hidden_positives` or `calibrated`; None for the first that has enough data.
        target: Rate to reach, as `0.05`: finds the threshold that does it with the hardest negatives.
        share: Fraction of each query's positives that `hidden_positives` hides.
        collection: What was mined, if it was not loaded from a source.
        report: Write `report.html` of the run.
        progress: Receives the progress of all stages.

    Raises:
        DataError: The run is not usable, or has too little to estimate from; the message says what helps.
        ConfigError: There is no such method.
    """
    from hardneg import auditing

    with opened_run(run, collection, progress) as finished:
        summary = auditing.audit(finished, method=method, target=target, share=share, progress=progress)
        if report:
            write_page(finished, progress)
    return summary


def export(
    run: AnyRun,
    format: str | Mapping[str, Any] | Format,
    out: str | Path,
    *,
    collection: Collection | None = None,
) -> Mapping[str, Any]:
    """Writes the training set of a finished run in a trainer's format.

    Args:
        run: The run to read.
        format: As `pylate`, `{"jsonl": {}}`, or a `Format`.
        out: The main file to write, or its URL; further files of the format are put beside it.
        collection: What was mined, if it was not loaded from a source.

    Returns:
        The files written, their rows, and what was left out, as in run.json's `export`.

    Raises:
        HardnegError: The run or its source is not usable, or the format cannot carry an example.
    """
    with opened_run(run, collection) as finished:
        return pipeline.export(finished, FORMATS.make(format), out)


def write_report(
    run: AnyRun,
    out: str | Path | None = None,
    *,
    other: AnyRun | None = None,
    language: str = "en",
    limit: int | None = None,
    figures: str | Path | None = None,
    collection: Collection | None = None,
) -> Path:
    """Writes the report of a run, a comparison, a mixture, or of what two runs do differently, as one file.

    Args:
        run: The run, or the folder of a comparison of recipes or of a mixture.
        out: The file to write; `report.html` in the run directory unless given.
        other: A second run of the same collection, to show what it decides differently.
        language: `en` or `ru`.
        limit: Most queries to show.
        figures: Folder in which each figure is written as SVG and PNG too.
        collection: What was mined; loaded from the source unless given. Without it examples have no texts.

    Returns:
        The file written.

    Raises:
        MissingExtra: The extra `report` is not installed.
        ConfigError: The report is not written in that language, or a run in memory needs `out`.
        DataError: A run is not finished or damaged, or the file cannot be written.
    """
    from hardneg import report

    in_memory = isinstance(run, FinishedRun) and run.folder is None
    if out is None and in_memory:
        raise ConfigError("the run is in memory: name the file to write, as in run.report('report.html')")
    with run_folder(run) as folder, wrap_errors(f"{folder}: no report of it can be drawn"):
        if (folder / report.COMPARISON).is_file():
            return report.write_comparison(folder, out, language=language, figures=figures)
        if (folder / report.MIXTURE).is_file():
            return report.write_mixture(folder, out, language=language, figures=figures)
        if out is not None:
            RunFolder(folder).refuse_own(out)
        if collection is None:
            collection = run.collection if isinstance(run, FinishedRun) else collection_of(folder)
        if collection is None:
            _LOG.warning("the source is not there or has changed: the report shows ids for texts")
        if other is None:
            written = report.write_report(folder, collection, out, language=language, limit=limit)
        else:
            with run_folder(other) as second:
                target = out or folder / f"report-{real_path(second).name}.html"
                written = report.write_versus(
                    (folder, second), collection, target, language=language, limit=limit
                )
        if figures is not None:
            report.write_figures(folder, figures, language=language)
    return written


def push(run: AnyRun, repository: str, *, private: bool = True, judgments: bool = False) -> str:
    """Uploads a run as a dataset repository of the Hugging Face hub, and returns the address of the commit.

    Args:
        run: The run to upload.
        repository: `NAME` or `OWNER/NAME`; made if it is not there.
        private: Whether a new repository is private.
        judgments: Also upload `judgments.jsonl`, which names the people who judged.

    Raises:
        DataError: The run is not finished, or the hub refuses it.
        MissingExtra: huggingface_hub is not installed.
    """
    from hardneg.runs.push import push as upload

    with run_folder(run) as folder:
        return upload(folder, repository, private=private, judgments=judgments)


def write_page(finished: FinishedRun, progress: Progress | None) -> None:
    """Writes the report of a run in a folder; without the libraries for it, logs how to get them."""
    from hardneg.report import write_after_work, write_report

    if finished.folder is not None:
        with (progress or NullProgress()).task("report", None, "pages"):
            write_after_work(write_report, finished.folder, finished.collection)
