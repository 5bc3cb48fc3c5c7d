"""Runs the stages: load, rank, select, export; block by block, resuming where an interrupted run ended."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardneg import ledger
from hardneg.blocks import Chooser, Miner
from hardneg.errors import ConfigError, DataError
from hardneg.export import FORMATS, Format
from hardneg.export.card import write_card
from hardneg.ledger import TrainingSet
from hardneg.load import load
from hardneg.progress import Progress, Silent
from hardneg.rank import Context, Ranker
from hardneg.recipe import Recipe
from hardneg.records import Collection
from hardneg.run import Clock, RunFolder, decisive, fingerprint, versions


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


def cache_folder() -> Path:
    """Returns where vectors are kept: `HARDNEG_CACHE`, or a folder of the user's cache directory."""
    given = os.environ.get("HARDNEG_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "hardneg"


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
        source: A BEIR folder, a pairs file, `ir:ID`, `hf:ID`, `stdlib`; or a loaded collection.
        recipe: What to do.
        out: The run directory.
        progress: Is told how far the stages are.
        cache: Where vectors are kept; `cache_folder()` unless given.

    Raises:
        HardnegError: The source, a model, or the run directory is not usable; the message says why.
    """
    progress = progress or Silent()
    clock = Clock()
    with clock.stage("load"):
        collection = load(source, recipe.load) if isinstance(source, str) else source
    folder = RunFolder(Path(out))
    with folder.opened():
        folder.refuse_another(_describe(source, collection, recipe, {}))
        context = Context(cache or cache_folder(), progress)
        rankers: dict[str, Ranker] = {}
        for name, settings in zip(recipe.rank.names, recipe.rank.rankers, strict=True):
            with clock.stage(f"open {name}"):
                rankers[name] = settings.open(collection, context)
        facts = {name: dict(ranker.facts) for name, ranker in rankers.items()}
        run = _describe(source, collection, recipe, facts)
        resumed = folder.begin(run)
        miner = Miner(collection, recipe, rankers)
        with clock.stage("rank and select"):
            counts = _write_ledger(miner, folder.path, progress)
        return _finish(folder, collection, recipe, {**run, **counts, "resumed": resumed}, clock)


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
        run_folder: The run directory to read.
        recipe: Its `select`, `seed` and `format` are used; the ranking stays that of the run.
        out: Another run directory, to be written.
        collection: What was mined, if it was not loaded from a source.
        progress: Is told how far the stages are.

    Raises:
        HardnegError: The run or its source has changed or is not there, or `out` is not usable.
    """
    clock = Clock()
    with clock.stage("load"):
        known, collection = reload(Path(run_folder), collection)
    if Path(out).resolve() == Path(run_folder).resolve():
        raise ConfigError(f"{out} is the run to decide on again; choose another --out")
    folder = RunFolder(Path(out))
    with folder.opened():
        run = _describe(known["source"] or collection, collection, recipe, known["rankers"])
        run["selected_from"] = {"run": str(run_folder), "fingerprint": known["fingerprint"]}
        folder.refuse_another(run)
        resumed = folder.begin(run)
        chooser = Chooser(collection, recipe, Path(run_folder))
        with clock.stage("select"):
            counts = _write_ledger(chooser, folder.path, progress or Silent())
        return _finish(folder, collection, recipe, {**run, **counts, "resumed": resumed}, clock)


def export(
    run_folder: str | Path, form: Format, out: str | Path, *, collection: Collection | None = None
) -> Mapping[str, Any]:
    """Writes the training set of a finished run in another format.

    Args:
        run_folder: The run directory to read.
        form: The format.
        out: The main file to write.
        collection: What was mined, if it was not loaded from a source.

    Returns:
        The files written, their rows, and what was left out, as in run.json's `export`.

    Raises:
        HardnegError: The run or its source is not usable, or the format cannot carry an example.
    """
    known, collection = reload(Path(run_folder), collection)
    own = {(Path(run_folder) / name).resolve() for name in known["export"]["files"]}
    if Path(out).resolve() in own:
        raise ConfigError(f"{out} is the run's own training set; choose another file")
    scorer = known["recipe"]["select"]["by"]
    return _export(TrainingSet(Path(run_folder), collection, scorer), form, Path(out))


def _write_ledger(work: Miner | Chooser, out: Path, progress: Progress) -> dict[str, Any]:
    """Writes the parts that are not there yet, and returns the totals over all."""
    totals: dict[str, Any] = {}
    with progress.task("rank and select", sum(work.sizes), "queries") as task:
        for number, size in enumerate(work.sizes):
            part = ledger.part_path(out, number)
            counts = ledger.read_counts(part)
            if counts:
                work.recount(part)
            else:
                block = work.block(number)
                ledger.write_part(out, number, block)
                counts = block.counts()
            ledger.add_counts(totals, counts)
            task.advance(size)
    short = totals.pop("short", {})
    return {"counts": totals, "short": short}


def _finish(
    folder: RunFolder, collection: Collection, recipe: Recipe, run: dict[str, Any], clock: Clock
) -> Result:
    """Exports the training set, and writes the card and run.json."""
    training_set = TrainingSet(folder.path, collection, recipe.select.by or "")
    out = folder.path / f"train{recipe.format.suffix}"
    with clock.stage("export"):
        run["export"] = _export(training_set, recipe.format, out)
    _remove_others(folder.path, run["export"]["files"])
    run.update(finished=True, versions=versions(), seconds=clock.seconds)
    write_card(run, folder.path / "README.md")
    folder.write(run)
    return Result(folder.path, run, training_set)


def _export(training_set: TrainingSet, form: Format, out: Path) -> dict[str, Any]:
    written = form.write(training_set, out)
    if written.rows:
        form.lint(out)
    return {
        "format": FORMATS.describe(form),
        "files": [path.name for path in written.files],
        "rows": written.rows,
        "skipped": written.skipped,
        "notes": dict(written.notes),
    }


def _describe(
    source: str | Collection, collection: Collection, recipe: Recipe, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the part of run.json that is known before the work begins."""
    settings = recipe.settings()
    judged, positives = len(collection.queries), len(collection.judgments.queries_with_positives)
    return {
        "fingerprint": fingerprint(decisive(settings), collection.digest, facts, versions()["hardneg"]),
        "command": shlex.join(["hardneg", *sys.argv[1:]]) if sys.argv[0].endswith("hardneg") else None,
        "source": _located(source) if isinstance(source, str) else None,
        "collection": {
            "name": collection.name,
            "documents": len(collection.documents),
            "queries": positives,
            "queries_without_positives": judged - positives,
            "judgments": len(collection.judgments),
            "digest": collection.digest,
            "notes": dict(collection.notes),
        },
        "recipe": settings,
        "seed": recipe.seed,
        "rankers": dict(facts),
    }


def reload(run_folder: Path, collection: Collection | None) -> tuple[dict[str, Any], Collection]:
    """Returns run.json of a finished run and the collection it was mined from, loaded unless given."""
    known = RunFolder(run_folder).read()
    if not known.get("finished"):
        raise DataError(f"{run_folder} is not finished; run the same hardneg mine command to finish it")
    if collection is None and known["source"] is None:
        raise DataError(f"{run_folder} was mined from a collection in memory; give it as collection=")
    if collection is None:
        collection = load(known["source"], Recipe.build(known["recipe"]).load)
    if collection.digest != known["collection"]["digest"]:
        source = known["source"] or "the collection"
        raise DataError(f"{source} has changed since {run_folder} was mined; mine it again")
    return known, collection


def _located(source: str) -> str:
    """Returns a source that is found from any working directory."""
    scheme = "hf:" if source.startswith("hf:") else ""
    path = Path(source.removeprefix(scheme))
    return f"{scheme}{path.resolve()}" if path.exists() else source


def _remove_others(folder: Path, files: Sequence[str]) -> None:
    """Removes the training set that an earlier call wrote in another format."""
    for path in folder.glob("train*"):
        if path.name not in files:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
