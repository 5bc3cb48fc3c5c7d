"""Trains a student on a run, once or in rounds (train, mine again with the new student, train: ANCE)."""

from __future__ import annotations

import copy
import importlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError, HardnegError, MissingExtra
from hardneg.core.files import cache_folder, real_path
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import Clock, RunFolder
from hardneg.runs.finished import load_run, source_of
from hardneg.training import rows
from hardneg.training.dev_split import DevSet
from hardneg.training.model_directory import FILE, Trained, claim, conditions, save, write
from hardneg.training.student import open_student
from hardneg.training.train_settings import TrainSettings

_ROUNDS = "rounds"


def check_libraries() -> None:
    """Checks that all libraries of a training are installed."""
    for name in ("sentence_transformers", "transformers", "accelerate", "datasets"):
        try:
            importlib.import_module(name)
        except ImportError:
            raise MissingExtra(name.replace("_", "-"), "train") from None


def train(
    run_folder: str | Path,
    settings: TrainSettings,
    out: str | Path,
    *,
    collection: Collection | None = None,
    dev_set: DevSet | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Trained:
    """Trains a student on a finished run, saves it in the model directory `out` and returns it.

    An interrupted training continues from its last checkpoint when it is called again; a finished one is
    returned as it is. The development split is made as the settings say unless given.

    Raises:
        HardnegError: The run, the student or `out` is not usable; the message says why.
    """
    check_libraries()
    from hardneg.training.trainer import fit, training_data

    clock = Clock()
    context = Context(cache or cache_folder(), progress or NullProgress())
    with clock.stage("load"):
        run, collection = load_run(Path(run_folder), collection)
    expected = conditions(run_folder, run, settings)
    folder = Path(out)
    with RunFolder(folder, FILE).opened() as opened:
        stored = claim(folder, expected)
        opened.sweep()
        if stored.get("finished"):
            return Trained(folder, stored)
        with clock.stage("prepare"):
            student = open_student(settings)
            data = training_data(Path(run_folder), run, collection, settings, dev_set, context)
        write(folder, {**expected, "finished": False})
        with clock.stage("train"):
            training = fit(student, data, settings, folder, context)
        facts = {
            **expected,
            "student": {"kind": student.kind, "model": student.name},
            "rows": rows.counts(data.rows),
            "development": dict(data.dev_set.facts),
            "training": training,
            "warnings": rows.warnings(data.rows, settings.loss),
            "finished": True,
            "seconds": clock.seconds,
        }
        save(student.model, folder, facts)
        return Trained(folder, facts)


def train_in_rounds(
    run_folder: str | Path,
    settings: TrainSettings,
    out: str | Path,
    count: int,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Trained:
    """Trains a student in `count` rounds at most, each on negatives mined with the student of the last one.

    Rounds end when nDCG@10 on the development split no longer grows; the best student is kept. An interrupted
    call resumes. Each round has a folder in `rounds/` of the model directory `out`.

    Raises:
        ConfigError: The run was mined from a collection in memory, which cannot be mined again.
        HardnegError: As `train` and `mine`.

    Source: Xiong et al., Approximate nearest neighbor negative contrastive learning, arXiv 2007.00808.
    """
    run = RunFolder(Path(run_folder)).read()
    run["source"] = source_of(run_folder, run)
    if run["source"] is None:
        raise ConfigError(f"{run_folder} was mined from a collection in memory; rounds need a source")
    folder = real_path(out)
    expected = conditions(run_folder, run, settings, rounds=count)
    options: dict[str, Any] = {"progress": progress, "cache": cache}
    with RunFolder(folder, FILE).opened() as opened:
        stored = claim(folder, expected)
        opened.sweep()
        if stored.get("finished"):
            return Trained(folder, stored)
        write(folder, {**expected, "finished": False})
        rounds = [_first(run_folder, settings, folder, options)]
        while len(rounds) < count and _grows(rounds):
            rounds.append(_next(run, settings, rounds[-1], folder, len(rounds) + 1, options))
        best = max(rounds, key=lambda trained: trained.best_ndcg)
        facts = {
            **best.facts,
            **expected,
            "rounds": [_summary(number, trained) for number, trained in enumerate(rounds, 1)],
            "best_round": rounds.index(best) + 1,
        }
        _copy(best.folder, folder)
        write(folder, facts)
        return Trained(folder, facts)


def with_student(recipe: Mapping[str, Any], kind: str, model: Path) -> Recipe:
    """Returns a recipe whose rankers of the student's kind use the student; one is added if there is none."""
    settings = copy.deepcopy(dict(recipe))
    name = "dense" if kind == "static" else kind
    rankers = settings["rank"]["rankers"]
    replaced = [ranker[name] for ranker in rankers if name in ranker]
    for ranker in replaced:
        ranker.update(model=str(model))
    if not replaced:
        rankers.append({name: {"model": str(model)}})
    return Recipe.build(settings)


def _first(run_folder: str | Path, settings: TrainSettings, folder: Path, options: dict[str, Any]) -> Trained:
    """Returns the student of the first round; an error before the training leaves the folder free."""
    first = folder / _ROUNDS / "1"
    try:
        return train(run_folder, settings, first, **options)
    except HardnegError:
        if not (first / FILE).exists():
            shutil.rmtree(folder / _ROUNDS, ignore_errors=True)
            (folder / FILE).unlink()
        raise


def _next(
    run: Mapping[str, Any],
    settings: TrainSettings,
    last: Trained,
    folder: Path,
    number: int,
    options: dict[str, Any],
) -> Trained:
    kind = str(last.facts["student"]["kind"])
    mined = folder / _ROUNDS / f"{number}-run"
    pipeline.mine(run["source"], with_student(run["recipe"], kind, last.folder), mined, **options)
    student = settings.model_copy(update={"student": f"{kind}:{last.folder}"})
    return train(mined, student, folder / _ROUNDS / str(number), **options)


def _grows(rounds: list[Trained]) -> bool:
    return len(rounds) == 1 or rounds[-1].best_ndcg > rounds[-2].best_ndcg


def _summary(number: int, trained: Trained) -> dict[str, Any]:
    history = trained.facts["training"]["development"]
    return {"round": number, **{name: history[name] for name in ("before", "best", "best_step")}}


def _copy(model: Path, folder: Path) -> None:
    """Copies a saved model into the directory of all rounds, without its train.json."""

    def left_out(directory: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(directory) == model and (name == FILE or name[0] == ".")]

    try:
        shutil.copytree(model, folder, dirs_exist_ok=True, ignore=left_out)
    except OSError as error:
        raise DataError(f"cannot write {folder}: {error.strerror or error}") from error
