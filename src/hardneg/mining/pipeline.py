"""Runs the stages: load, rank, select, export; block by block, resuming where an interrupted run ended."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hardneg.calibration.calibration import Calibration
from hardneg.core.components import FORMATS, Context, Format, OpenedValidator
from hardneg.core.errors import ConfigError
from hardneg.core.files import cache_folder
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.core.stores import display_url, fetched, output_dir, output_file
from hardneg.exporters.card import write_card
from hardneg.mining.description import describe
from hardneg.mining.miner import Miner, Reselector, open_validators
from hardneg.mining.part_jobs import PartWriterFactory, RemoteExecution, write_ledger
from hardneg.mining.recipe import Recipe
from hardneg.rankers.dense.prepared_search import ClusterContext, ShardingPlan
from hardneg.report import write_if_installed, write_report
from hardneg.runs import ledger
from hardneg.runs.directory import Clock, RunFolder, versions
from hardneg.runs.finished import Result, load_run
from hardneg.runs.training_set import TrainingSet
from hardneg.sources import load

Writer = Callable[[Path], dict[str, Any]]


def mine(
    source: str | Collection,
    recipe: Recipe,
    out: str | Path,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Result:
    """Mines a training set with hard negatives into a run directory.

    The same source, recipe and seed give byte-identical ledgers and training sets. An interrupted run goes
    on where it ended when it is called again.

    Args:
        source: A BEIR folder, a pairs file, the URL of one, `ir:ID`, `hf:ID`, `mteb:TASK`, `stdlib`; or a
            loaded collection.
        recipe: What to do.
        out: The run directory, or its URL: then it is put there when it is finished.
        progress: Is told how far the stages are.
        cache: Where vectors are kept; `cache_folder()` unless given.

    Raises:
        HardnegError: The source, a model, or the run directory is not usable; the message says why.
    """
    clock = Clock()
    with clock.stage("load"):
        collection = load(source, recipe.load, progress) if isinstance(source, str) else source
    return mine_loaded(source, collection, recipe, out, clock, progress=progress, cache=cache)


def mine_loaded(
    source: str | Collection,
    collection: Collection,
    recipe: Recipe,
    out: str | Path,
    clock: Clock,
    *,
    write: Writer | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Result:
    """Mines a collection that is loaded already; see `mine`.

    Args:
        source: Where the collection is from.
        collection: The collection.
        recipe: What to do.
        out: The run directory.
        clock: Counts the seconds.
        write: Writes the training set into the run directory and returns run.json's `export`; unless given,
            the recipe's format does.
        progress: Is told how far the stages are.
        cache: Where vectors are kept; `cache_folder()` unless given.
    """
    progress = progress or NullProgress()
    with output_dir(out, progress) as place, RunFolder(place).opened() as folder:
        folder.check_free(describe(source, collection, recipe, {}, {}))
        cache = (cache or cache_folder()).absolute()
        plan = ShardingPlan(folder.searches.absolute()) if _spreads(recipe) else None
        context = ClusterContext(cache, progress, recipe.engine, plan=plan)
        miner = Miner.opened(collection, recipe, context, clock)
        run = describe(source, collection, recipe, miner.facts, miner.validation.facts)
        resumed = folder.begin(run)
        _calibrate(miner, recipe, folder, run, clock)
        with clock.stage("rank and select"):
            counts = write_ledger(miner, folder.path, progress, _spread(miner, recipe, context, folder))
        return _finish(folder, collection, recipe, {**run, **counts, "resumed": resumed}, clock, write)


def select(
    run_folder: str | Path,
    recipe: Recipe,
    out: str | Path,
    *,
    collection: Collection | None = None,
    progress: Progress | None = None,
) -> Result:
    """Decides again from the candidates of a finished run; nothing is ranked or encoded.

    Args:
        run_folder: The run directory to read, or its URL.
        recipe: Its `select`, `seed` and `format` are used; the ranking stays that of the run.
        out: Another run directory, to be written, or its URL.
        collection: What was mined, if it was not loaded from a source.
        progress: Is told how far the stages are.

    Raises:
        HardnegError: The run or its source has changed or is not there, or `out` is not usable.
    """
    clock = Clock()
    run_folder = fetched(run_folder, progress)
    with clock.stage("load"):
        known, collection = load_run(run_folder, collection)
    with (
        output_dir(out, progress) as place,
        RunFolder(_check_distinct(run_folder, place)).opened() as folder,
    ):
        context = Context(cache_folder(), progress or NullProgress())
        chooser = Reselector(
            collection, recipe, run_folder, _verdict_validators(recipe, collection, context, clock)
        )
        facts = known["rankers"], chooser.validation.facts
        run = describe(known["source"] or collection, collection, recipe, *facts)
        run["selected_from"] = {"run": display_url(str(run_folder)), "fingerprint": known["fingerprint"]}
        folder.check_free(run)
        resumed = folder.begin(run)
        _calibrate(chooser, recipe, folder, run, clock)
        with clock.stage("select"):
            counts = write_ledger(chooser, folder.path, progress or NullProgress())
        return _finish(folder, collection, recipe, {**run, **counts, "resumed": resumed}, clock)


def export(
    run_folder: str | Path, form: Format, out: str | Path, *, collection: Collection | None = None
) -> Mapping[str, Any]:
    """Writes the training set of a finished run in another format.

    Args:
        run_folder: The run directory to read, or its URL.
        form: The format.
        out: The main file to write, or its URL; what the format writes beside it goes along.
        collection: What was mined, if it was not loaded from a source.

    Returns:
        The files written, their rows, and what was left out, as in run.json's `export`.

    Raises:
        HardnegError: The run or its source is not usable, or the format cannot carry an example.
    """
    run_folder = fetched(run_folder)
    known, collection = load_run(run_folder, collection)
    own = {(run_folder / name).resolve() for name in known["export"]["files"]}
    scorer = known["recipe"]["select"]["by"]
    with output_file(out) as path:
        if path.resolve() in own:
            raise ConfigError(f"{out} is the run's own training set; choose another file")
        return _export(TrainingSet(run_folder, collection, scorer), form, path)


def _check_distinct(run_folder: Path, out: Path) -> Path:
    """Returns the run directory to write, if it is not the one that is read."""
    if out.resolve() == run_folder.resolve():
        raise ConfigError(f"{out} is the run to decide on again; choose another --out")
    return out


def _verdict_validators(
    recipe: Recipe, collection: Collection, context: Context, clock: Clock
) -> dict[str, OpenedValidator]:
    """Returns the validators whose evidence a finished run has not stored: files of verdicts."""
    own = recipe.validation
    heard = tuple(v for v in own.validators if v.judges)
    alone = recipe.model_copy(update={"validation": own.model_copy(update={"validators": heard})})
    return open_validators(alone, collection, {}, context, clock)


def _calibrate(
    work: Miner | Reselector, recipe: Recipe, folder: RunFolder, run: dict[str, Any], clock: Clock
) -> None:
    """Estimates probabilities of false negatives, or reads what the interrupted run had estimated."""
    if not recipe.validation.calibrate:
        return
    with clock.stage("calibrate"):
        known = folder.read_calibration()
        if known is None:
            learned = work.calibrate()
            folder.write_calibration(learned.describe())
        else:
            learned = work.validation.calibration = Calibration.build(known)
    run["validation"]["calibration"] = dict(learned.facts)


def _spread(
    miner: Miner, recipe: Recipe, context: ClusterContext, folder: RunFolder
) -> RemoteExecution | None:
    """Returns how blocks are decided on by other processes; None where they must be one after the other."""
    if not _spreads(recipe):
        return None
    calibration = folder.read_calibration() if recipe.validation.calibrate else None
    opener = PartWriterFactory(
        miner.collection,
        recipe,
        context.cache,
        context.encoded,
        context.plan,
        calibration,
        folder.path.absolute(),
    )
    return RemoteExecution(recipe.engine, opener, miner)


def _spreads(recipe: Recipe) -> bool:
    """Returns whether blocks are decided on by other processes: with a cap they depend on those before."""
    return recipe.engine.spreads and recipe.select.max_uses is None


def _finish(
    folder: RunFolder,
    collection: Collection,
    recipe: Recipe,
    run: dict[str, Any],
    clock: Clock,
    write: Writer | None = None,
) -> Result:
    """Exports the training set, and writes the card and run.json."""
    training_set = TrainingSet(folder.path, collection, recipe.select.by or "")
    out = folder.path / f"train{recipe.format.suffix}"
    with clock.stage("export"):
        run["export"] = _export(training_set, recipe.format, out) if write is None else write(folder.path)
    _remove_others(folder.path, run["export"]["files"])
    run.update(
        finished=True, parts=len(ledger.parts(folder.path)), versions=versions(), seconds=clock.seconds
    )
    write_card(run, folder.path / "README.md")
    output_dir = folder.write(run)
    folder.delete_searches()
    write_if_installed(write_report, folder.path, collection)
    return Result(folder.path, output_dir, training_set)


def _export(training_set: TrainingSet, form: Format, out: Path) -> dict[str, Any]:
    output_dir = form.write(training_set, out)
    if output_dir.rows:
        form.lint(out)
    return {
        "format": FORMATS.describe(form),
        "files": [path.name for path in output_dir.files],
        "rows": output_dir.rows,
        "skipped": output_dir.skipped,
        "notes": dict(output_dir.notes),
    }


def _remove_others(folder: Path, files: Sequence[str]) -> None:
    """Removes the training set that an earlier call wrote in another format."""
    for path in folder.glob("train*"):
        if path.name not in files:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
