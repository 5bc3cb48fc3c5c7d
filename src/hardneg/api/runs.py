"""The public verbs that make runs and read them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hardneg.api.places import AnyRun, opened_run, run_folder
from hardneg.api.run import Run
from hardneg.core.components import FORMATS, Format
from hardneg.core.errors import ConfigError
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.core.stores import is_url, output_dir
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe, reselecting
from hardneg.runs.finished import FinishedRun, collection_of

AnyRecipe = Recipe | str | Mapping[str, Any]
"""A recipe, the name or YAML file of one, or its settings."""

CLEAN = "clean"
"""The recipe of `clean`."""

_LOG = logging.getLogger("hardneg.report")


def mine(
    source: Any,
    recipe: AnyRecipe = "default",
    out: str | Path | None = None,
    *,
    report: bool = True,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Run:
    """Mines a training set with hard negatives.

    The same source, recipe and seed give byte-identical ledgers and training sets, in memory and in a folder.
    An interrupted run in a folder goes on where it ended when it is called again.

    Args:
        source: A BEIR folder, a pairs file, the URL of one, `ir:ID`, `hf:ID`, `mteb:TASK` or `stdlib`; a
            `Collection`, or what `Collection.of` takes: frames, data sets, dicts and lists of pairs.
        recipe: What to do.
        out: The run directory, or its URL; None to keep the run in memory: see `Run` for how much.
        report: Write `report.html` into the run directory; needs the extra `report`.
        progress: Receives the progress of all stages.
        cache: Where vectors are kept; `HARDNEG_CACHE` or the user's cache folder unless given.

    Raises:
        HardnegError: The source, a model, or the run directory is not usable; the message says why.

    Example:
        >>> run = hardneg.mine("stdlib", "naive", "run")
        >>> run.info["counts"]["negatives"]
    """
    chosen = _recipe(recipe)
    given = str(source) if isinstance(source, str | Path) else source
    if not isinstance(given, str | Collection):
        given = Collection.of(given, options=chosen.load)
    return _made(
        out,
        lambda place: pipeline.mine(given, chosen, place, progress=progress, cache=cache),
        report,
        progress,
    )


def select(
    run: AnyRun,
    recipe: AnyRecipe,
    out: str | Path | None = None,
    *,
    collection: Collection | None = None,
    report: bool = True,
    progress: Progress | None = None,
) -> Run:
    """Decides again on the candidates of a finished run; nothing is ranked or encoded.

    Args:
        run: The run to read.
        recipe: Its selection, seed and format are used; loading, ranking and validators stay the run's.
        out: Another run directory, to be written, or its URL; None to keep the run in memory.
        collection: What was mined, if it was not loaded from a source.
        report: Write `report.html` into the run directory; needs the extra `report`.
        progress: Receives the progress of all stages.

    Raises:
        HardnegError: The run or its source has changed or is not there, or `out` is not usable.

    Example:
        >>> strict = hardneg.select(run, hardneg.Recipe.named("perc-pos", negatives=2))
    """
    with opened_run(run, collection, progress) as finished:
        chosen = reselecting(finished, recipe)
        return _made(
            out, lambda place: pipeline.select(finished, chosen, place, progress=progress), report, progress
        )


def clean(
    file: str | Path,
    out: str | Path | None = None,
    recipe: AnyRecipe = CLEAN,
    *,
    same_format: bool = True,
    report: bool = True,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Run:
    """Validates the negatives that a training set lists and writes it without the doubtful ones.

    Args:
        file: A pairs file or a training set in a trainer's format, or its URL.
        out: The run directory, or its URL; None to keep the run in memory.
        recipe: What to do; it needs the ranker `listed`, as the recipe `clean` has it.
        same_format: Whether to write the file's own format rather than the recipe's.
        report: Write `report.html` into the run directory; needs the extra `report`.
        progress: Receives the progress of all stages.
        cache: Where vectors are kept; `HARDNEG_CACHE` or the user's cache folder unless given.

    Raises:
        ConfigError: The recipe does not read the listed negatives.
        DataError: The file is in no known layout, or lists no negatives.
    """
    from hardneg.mining import cleaning

    return _made(
        out,
        lambda place: cleaning.clean(
            file, _recipe(recipe), place, same_format=same_format, progress=progress, cache=cache
        ),
        report,
        progress,
    )


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
            _write_page(finished, progress)
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
    """Writes the report of a run, of a comparison, or of what changes between two runs, as one HTML file.

    Args:
        run: The run, or the folder of a comparison of recipes.
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


def open_run(run: AnyRun, *, collection: Collection | None = None) -> Run:
    """Returns a finished run: its run.json, its training set, its figures.

    Args:
        run: The run directory, or its URL.
        collection: What was mined, if it was not loaded from a source.

    Raises:
        DataError: The run is not finished, or its source has changed or is not there.
    """
    with opened_run(run, collection) as finished:
        return Run.of(finished, str(run) if not isinstance(run, FinishedRun) and is_url(run) else None)


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


def saved(run: FinishedRun, folder: str | Path, *, report: bool = True) -> Run:
    """Writes a run into a folder or to a URL; see `Run.save`."""
    return _made(folder, lambda place: pipeline.save(run, place or Path(folder)), report, None)


def _recipe(recipe: AnyRecipe) -> Recipe:
    if isinstance(recipe, Recipe):
        return recipe
    return Recipe.named(recipe) if isinstance(recipe, str) else Recipe.build(recipe)


def _made(
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
            _write_page(finished, progress)
    return Run.of(finished, str(out) if is_url(out) else None)


def _write_page(finished: FinishedRun, progress: Progress | None) -> None:
    """Writes the report of a run in a folder; without the libraries for it, logs how to get them."""
    from hardneg.report import write_after_work, write_report

    if finished.folder is not None:
        with (progress or NullProgress()).task("report", None, "pages"):
            write_after_work(write_report, finished.folder, finished.collection)
