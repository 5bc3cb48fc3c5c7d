"""Trains a student on what a run has mined: the proof of a training set is the model that learns from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import cache_folder, write_text
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.core.tables import differing
from hardneg.mining.recipe import Recipe
from hardneg.rankers.dense.models import quietly
from hardneg.runs.directory import Clock, RunFolder, fingerprint, versions
from hardneg.runs.finished import load_run
from hardneg.training import rows
from hardneg.training.dev_split import DevSet, dev_split
from hardneg.training.pair_weights import PairWeights
from hardneg.training.settings import TrainSettings
from hardneg.training.student import Student, open_student
from hardneg.training.trainer import CHECKPOINTS, Lesson, fit, require

__all__ = ["Trained", "TrainSettings", "train"]

FILE = "train.json"
"""Describes a training in a model directory."""


@dataclass(frozen=True)
class Trained:
    """What a training left behind.

    Attributes:
        folder: The model directory.
        facts: The content of its train.json.
    """

    folder: Path
    facts: Mapping[str, Any]

    @property
    def development(self) -> float:
        """The best nDCG@10 on the development split."""
        return float(self.facts["training"]["development"]["best"])


def train(
    run_folder: str | Path,
    settings: TrainSettings,
    out: str | Path,
    *,
    collection: Collection | None = None,
    development: DevSet | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Trained:
    """Trains a student on a finished run and saves it.

    An interrupted training goes on from its last checkpoint when it is called again; a finished one is
    returned as it is.

    Args:
        run_folder: The run directory to learn from.
        settings: How.
        out: The model directory.
        collection: What was mined, if it was not loaded from a source.
        development: What the student is judged by; as the settings say unless given.
        progress: Is told how far it is.
        cache: Where vectors are kept; `cache_folder()` unless given.

    Raises:
        HardnegError: The run, the student or `out` is not usable; the message says why.
    """
    require()
    clock = Clock()
    context = Context(cache or cache_folder(), progress or NullProgress())
    with clock.stage("load"):
        run, collection = load_run(Path(run_folder), collection)
    asked = {
        "fingerprint": fingerprint(settings.plain(), run["fingerprint"], versions()),
        "run": {"folder": str(run_folder), "fingerprint": run["fingerprint"]},
        "settings": settings.plain(),
        "versions": versions(),
    }
    folder = Path(out)
    with RunFolder(folder).opened():
        known = claim(folder, asked)
        if known.get("finished"):
            return Trained(folder, known)
        with clock.stage("prepare"):
            student = open_student(settings)
            lesson = _lesson(Path(run_folder), run, collection, settings, development, context)
        write(folder, {**asked, "finished": False})
        with clock.stage("train"):
            told = fit(student, lesson, settings, folder, context)
        facts = {
            **asked,
            "student": {"kind": student.kind, "model": student.name},
            "rows": dict(rows.counted(lesson.rows)),
            "development": dict(lesson.development.facts),
            "training": told,
            "finished": True,
            "seconds": clock.seconds,
        }
        save(student, folder, facts)
        return Trained(folder, facts)


def claim(folder: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Returns train.json of a model directory that is free for a training; {} of a new one.

    Args:
        folder: The model directory.
        asked: What train.json of the training holds when it begins.

    Raises:
        ConfigError: The directory holds another training, or files of something else.
        DataError: train.json is damaged.
    """
    path = folder / FILE
    if not path.exists():
        others = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if others:
            raise ConfigError(f"{folder} holds other files ({others[0]}, ...); choose an empty --out")
        return {}
    known = read(folder)
    if known.get("fingerprint") != asked["fingerprint"]:
        changed = [name for name in differing(known, asked) if name not in ("fingerprint", "run.folder")]
        raise ConfigError(
            f"{folder} holds another training, which differs in {', '.join(changed[:3]) or 'rounds'}; "
            "choose another --out, or delete it"
        )
    return known


def read(folder: Path) -> dict[str, Any]:
    """Returns train.json of a model directory.

    Raises:
        DataError: It is not there or damaged.
    """
    try:
        known: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{folder} is no model that hardneg trained: there is no {FILE} in it") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / FILE} is damaged: {error}") from None
    return known


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes train.json atomically.

    Raises:
        DataError: It cannot be written.
    """
    write_text(folder / FILE, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def save(student: Student, folder: Path, facts: Mapping[str, Any]) -> None:
    """Saves a model with its train.json; the checkpoints go.

    Raises:
        DataError: It cannot be written.
    """
    saved = folder / ".saving"
    try:
        shutil.rmtree(saved, ignore_errors=True)
        with quietly():
            student.model.save_pretrained(str(saved))
        for path in sorted(saved.iterdir()):
            place = folder / path.name
            if place.is_dir():
                shutil.rmtree(place)
            path.replace(place)
        saved.rmdir()
        write(folder, facts)
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    except OSError as error:
        raise DataError(f"cannot write {folder}: {error.strerror or error}") from error


def _lesson(
    run_folder: Path,
    run: Mapping[str, Any],
    collection: Collection,
    settings: TrainSettings,
    development: DevSet | None,
    context: Context,
) -> Lesson:
    recipe = Recipe.build(run["recipe"])
    development = development or dev_split(run["source"], collection, recipe.load, settings, context)
    teacher = settings.teacher or str(run["recipe"]["select"]["by"])
    learned = rows.read(run_folder, collection, teacher, settings.negatives, development.held)
    doubts = PairWeights.of_run(run_folder, collection, settings.mask)
    guide = settings.guide.open(collection, context) if settings.guide is not None else None
    return Lesson(learned, collection, doubts, guide, development)
