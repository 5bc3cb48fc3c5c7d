"""Trains a student on a run: the measure of a training set is the model that learns from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardneg.core.components import Context
from hardneg.core.files import cache_folder
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import Clock, RunFolder
from hardneg.runs.finished import load_run
from hardneg.training import rows
from hardneg.training.dev_split import DevSet, dev_split
from hardneg.training.model_directory import FILE, Trained, claim, conditions, save, write
from hardneg.training.pair_weights import PairWeights
from hardneg.training.student import open_student
from hardneg.training.train_settings import TrainSettings
from hardneg.training.trainer import TrainingData, check_libraries, fit


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
    """Trains a student on a finished run and saves it.

    An interrupted training continues from its last checkpoint when it is called again; a finished one is
    returned as it is.

    Args:
        run_folder: The run directory.
        settings: The training's settings.
        out: The model directory.
        collection: What was mined, if it was not loaded from a source.
        dev_set: Measures the student for early stopping; by default made as the settings say.
        progress: Receives progress.
        cache: Folder of vectors; default: `cache_folder()`.

    Raises:
        HardnegError: The run, the student or `out` is not usable; the message says why.
    """
    check_libraries()
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
            data = _training_data(Path(run_folder), run, collection, settings, dev_set, context)
        write(folder, {**expected, "finished": False})
        with clock.stage("train"):
            training = fit(student, data, settings, folder, context)
        facts = {
            **expected,
            "student": {"kind": student.kind, "model": student.name},
            "rows": rows.counts(data.rows),
            "development": dict(data.dev_set.facts),
            "training": training,
            "finished": True,
            "seconds": clock.seconds,
        }
        save(student.model, folder, facts)
        return Trained(folder, facts)


def _training_data(
    run_folder: Path,
    run: Mapping[str, Any],
    collection: Collection,
    settings: TrainSettings,
    dev_set: DevSet | None,
    context: Context,
) -> TrainingData:
    recipe = Recipe.build(run["recipe"])
    dev_set = dev_set or dev_split(run["source"], collection, recipe.load, settings, context)
    teacher = settings.teacher or str(run["recipe"]["select"]["by"])
    training_rows = rows.read(run_folder, collection, teacher, settings.negatives, dev_set.held_out)
    pair_weights = PairWeights.of_run(run_folder, collection, settings.mask)
    guide = settings.guide.open(collection, context) if settings.guide is not None else None
    return TrainingData(training_rows, collection, pair_weights, guide, dev_set)
