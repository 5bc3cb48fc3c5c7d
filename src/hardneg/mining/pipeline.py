"""Runs the stages: load, rank, select, export; in memory, or in a folder where an interrupted run resumes."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, TypeGuard

from hardneg.core.components import SOURCES, Context, Format, OpenedValidator
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import TEMPORARY, cache_folder, real_path
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.core.state_files import fingerprint
from hardneg.core.stores import display_url, output_file
from hardneg.core.trust import without_trust
from hardneg.exporters.card import write_card
from hardneg.exporters.export import export as export_examples
from hardneg.mining.estimates import Place, action_of, calibrate, learn_positives
from hardneg.mining.miner import Miner, Reselector, open_validators
from hardneg.mining.outcome import outcome
from hardneg.mining.part_jobs import PartWriterFactory, write_ledger
from hardneg.mining.recipe import Recipe, recipe_of
from hardneg.mining.warnings import warnings
from hardneg.rankers.sharded_search import ClusterContext, ShardingPlan
from hardneg.runs.directory import Clock, RunFolder, RunInMemory, fingerprinted, versions
from hardneg.runs.finished import FinishedRun
from hardneg.runs.training_set import TrainingSet
from hardneg.selection.reasons import describe_reasons
from hardneg.sources import load

Writer = Callable[[TrainingSet, Path], dict[str, Any]]
"""Writes a training set into a run directory and returns run.json's `export`."""


def mine(
    source: str | Collection,
    recipe: Recipe,
    out: str | Path | None = None,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> FinishedRun:
    """Mines a training set with hard negatives, without a report; see `hardneg.mine`."""
    recipe.check_installed()
    clock = Clock()
    with clock.stage("load"), (progress or NullProgress()).task("load", None, "rows"):
        collection = load(source, recipe.load, progress) if isinstance(source, str) else source
    return mine_loaded(source, collection, recipe, out, clock, progress=progress, cache=cache)


def mine_loaded(
    source: str | Collection,
    collection: Collection,
    recipe: Recipe,
    out: str | Path | None,
    clock: Clock,
    *,
    write: Writer | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> FinishedRun:
    """Mines a collection that is loaded already; see `mine`."""
    progress = progress or NullProgress()
    with _opened(out) as place:
        place.check_free(_described(source, collection, recipe, {}, {}))
        cache = (cache or cache_folder()).absolute()
        plan = ShardingPlan(place.searches.absolute()) if _is_remote(place, recipe) else None
        context = ClusterContext(cache, progress, recipe.engine, plan=plan)
        miner = Miner.opened(collection, recipe, context, clock)
        info = _described(source, collection, recipe, miner.facts, miner.validation.facts)
        resumed = place.claim(info)
        learn_positives(miner, recipe, place, info, clock, progress)
        calibrate(miner, recipe, place, info, clock, progress)
        with clock.stage("rank and select"):
            opener = _part_writers(miner, recipe, context, place)
            counts = write_ledger(miner, place.ledger, progress, opener)
        info = {**info, **counts, "resumed": resumed}
        return _finish(place, collection, recipe, info, clock, write, progress)


def select(
    run: FinishedRun, recipe: Recipe, out: str | Path | None = None, *, progress: Progress | None = None
) -> FinishedRun:
    """Decides again on the candidates of a finished run, without a report; see `hardneg.select`."""
    clock, progress = Clock(), progress or NullProgress()
    if out is not None and run.folder is not None and real_path(out) == real_path(run.folder):
        raise ConfigError(f"{out} is the run to decide on again; choose another --out")
    with _opened(out) as place:
        context = Context(cache_folder(), progress)
        verdicts = _verdict_validators(recipe, run.collection, context, clock)
        reselector = Reselector(run.collection, recipe, run.ledger, verdicts)
        facts = run.info["rankers"], reselector.validation.facts
        info = _described(run.info["source"] or run.collection, run.collection, recipe, *facts)
        info["selected_from"] = {
            "run": display_url(run.name),
            "fingerprint": run.info["fingerprint"],
            "negatives": run.info["counts"].get("negatives", 0),
        }
        place.check_free(info)
        resumed = place.claim(info)
        if (stored := run.info.get("positives")) is not None:
            info["positives"] = {**stored, **action_of(recipe)}
        calibrate(reselector, recipe, place, info, clock, progress)
        with clock.stage("select"):
            counts = write_ledger(reselector, place.ledger, progress)
        info = {**info, **counts, "resumed": resumed}
        return _finish(place, run.collection, recipe, info, clock, progress=progress)


def save(run: FinishedRun, out: str | Path) -> FinishedRun:
    """Writes a run in memory as mining into the folder does, without a report; copies one of a folder."""
    with RunFolder(Path(out)).opened() as folder:
        folder.check_free(run.info)
        if run.folder is not None:
            _copy(run.folder, folder.path)
            return replace(run, folder=folder.path, ledger=folder.ledger, url=None)
        folder.claim(run.info)
        if run.calibration is not None:
            folder.write_calibration(run.calibration)
        for number, block in enumerate(run.ledger):
            folder.ledger.write(number, block)
        clock = Clock(run.info["seconds"])
        return _finish(folder, run.collection, recipe_of(run), dict(run.info), clock, run.write)


def export(run: FinishedRun, form: Format, out: str | Path) -> Mapping[str, Any]:
    """Writes the training set of a finished run in another format; see `hardneg.export`."""
    with output_file(out) as path:
        if run.folder is not None:
            RunFolder(run.folder).refuse_own(path)
        before = {other.name for other in path.parent.iterdir()} if path.parent.is_dir() else set()
        written = export_examples(run.training_set, form, path)
        return {**written, "replaced": sorted(before.intersection(written["files"]))}


def _opened(out: str | Path | None) -> AbstractContextManager[Place]:
    """Returns a context with where a run is kept, a directory being locked."""
    return nullcontext(RunInMemory()) if out is None else RunFolder(Path(out)).opened()


def _verdict_validators(
    recipe: Recipe, collection: Collection, context: Context, clock: Clock
) -> dict[str, OpenedValidator]:
    """Returns the validators whose evidence a finished run has not stored: files of verdicts."""
    judges = tuple(validator for validator in recipe.validation.validators if validator.judges)
    validation = recipe.validation.model_copy(update={"validators": judges})
    return open_validators(
        recipe.model_copy(update={"validation": validation}), collection, {}, context, clock
    )


def _part_writers(
    miner: Miner, recipe: Recipe, context: ClusterContext, place: Place
) -> PartWriterFactory | None:
    """Returns what other processes decide on blocks with; None where blocks must come one after the other."""
    if not _is_remote(place, recipe):
        return None
    return PartWriterFactory(
        miner.collection,
        recipe,
        context.cache,
        context.encoded,
        context.plan,
        miner.shardable,
        place.read_calibration() if recipe.validation.calibrate else None,
        RunFolder(place.path.absolute()).ledger,
        place.read_positives() if recipe.positives.estimate else None,
    )


def _is_remote(place: Place, recipe: Recipe) -> TypeGuard[RunFolder]:
    """Returns whether other processes decide on blocks: not in memory, nor with a cap over all blocks."""
    return isinstance(place, RunFolder) and recipe.engine.spreads and recipe.select.max_uses is None


def _finish(
    place: Place,
    collection: Collection,
    recipe: Recipe,
    info: dict[str, Any],
    clock: Clock,
    write: Writer | None = None,
    progress: Progress | None = None,
) -> FinishedRun:
    """Returns the finished run; in a folder, exports the training set and writes the card and run.json."""
    chosen = recipe.select
    training_set = TrainingSet(place.ledger, collection, chosen.by or "", chosen.max_positives, chosen.scores)
    calibration = place.read_calibration()
    task = (progress or NullProgress()).task
    with clock.stage("measure"), task("measure", None, "parts"):
        found = outcome(place.ledger, collection, recipe, calibration)
        if "positives" in found:
            found["positives"] = {**info.get("positives", {}), **found["positives"]}
        info |= found
    if isinstance(place, RunFolder):
        out = place.path / f"train{recipe.format.suffix}"
        with clock.stage("export"), task("export", None, "rows"):
            own = (
                write(training_set, place.path)
                if write
                else export_examples(training_set, recipe.format, out)
            )
        place.remove_export(keep=own["files"])
        info["export"] = own
    info["warnings"] = warnings(info, recipe)
    info.update(finished=True, parts=len(place.ledger), versions=versions(), seconds=clock.seconds)
    if isinstance(place, RunFolder):
        write_card(info, place.path / "README.md")
        info = place.write(info)
        place.delete_searches()
        place.sweep()
    return FinishedRun(place.path, info, collection, place.ledger, calibration, recipe, write)


def _copy(source: Path, out: Path) -> None:
    """Copies a run directory, but for what belongs to the process that writes it."""
    try:
        shutil.copytree(source, out, ignore=_links_and_unfinished, dirs_exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write {out}: {error.strerror or error}") from error


def _links_and_unfinished(folder: str, names: list[str]) -> list[str]:
    links = {name for name in names if Path(folder, name).is_symlink()}
    return [name for name in names if name in links or fnmatch(name, TEMPORARY) or name == ".lock"]


def _described(
    source: str | Collection,
    collection: Collection,
    recipe: Recipe,
    facts: Mapping[str, Any],
    validators: Mapping[str, Any],
) -> dict[str, Any]:
    """Returns the part of run.json that does not depend on the work."""
    settings = recipe.settings()
    judged, positives = len(collection.queries), len(collection.judgments.queries_with_positives)
    return {
        "fingerprint": fingerprint(
            fingerprinted(settings), collection.digest, facts, validators, versions()["hardneg"]
        ),
        "command": _command() if sys.argv[0].endswith("hardneg") else None,
        "source": source_place(source) if isinstance(source, str) else None,
        "collection": {
            "name": collection.name,
            "documents": len(collection.documents),
            "queries": positives,
            "queries_without_positives": judged - positives,
            "judgments": len(collection.judgments),
            "digest": collection.digest,
            "notes": dict(collection.notes),
            "unread_columns": list(collection.unread_columns),
            "judged_empty": list(collection.judged_empty),
            "files": {name: dict(counts) for name, counts in collection.files.items()},
            "scores": {name: len(own) for name, own in collection.scores.items()},
            **_prompts(collection),
            **({"chunks": dict(collection.chunks)} if collection.chunks else {}),
        },
        "recipe": settings,
        "seed": recipe.seed,
        "rankers": dict(facts),
        "validation": {"validators": dict(validators)},
        "reasons": describe_reasons(recipe.select.rules, recipe.select.draw),
    }


def _prompts(collection: Collection) -> dict[str, int]:
    """Returns how many queries have a prompt, {} where the source has none."""
    given = collection.queries.prompts(collection.judgments.queries_with_positives)
    return {} if given is None else {"prompts": sum(map(bool, given))}


def source_place(source: str) -> str:
    """Returns a source by its absolute path, where it has one."""
    schemes, scheme, name = "", *source.partition(":")[::2]
    while scheme in SOURCES.names() and SOURCES.get(scheme).takes_paths:
        schemes, (scheme, name) = f"{schemes}{scheme}:", name.partition(":")[::2]
    path = Path(source.removeprefix(schemes))
    return f"{schemes}{real_path(path)}" if path.exists() else source


def _command() -> str:
    """Returns the command line, without models that it trusts."""
    return shlex.join(["hardneg", *without_trust(sys.argv[1:])])
