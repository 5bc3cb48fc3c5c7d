"""Trains in rounds: train, mine again with the new student, train on what it found (ANCE)."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardneg.core.errors import ConfigError, DataError, HardnegError
from hardneg.core.progress import Progress
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import RunFolder, fingerprint, versions
from hardneg.training import FILE, Trained, TrainSettings, claim, train, write

ROUNDS = "rounds"

_RANKERS = {"dense": "dense", "static": "dense", "sparse": "sparse", "cross-encoder": "cross-encoder"}


def train_in_rounds(
    run_folder: str | Path,
    settings: TrainSettings,
    out: str | Path,
    count: int,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Trained:
    """Trains a student in rounds, each on negatives that the student of the round before has found.

    Rounds end when nDCG@10 on the development split no longer grows; the best student is kept. An
    interrupted call goes on where it ended.

    Args:
        run_folder: The run of the first round.
        settings: Of every round; each student begins as the last one ended.
        out: The model directory; each round has a folder in `rounds/`.
        count: The most rounds.
        progress: Is told how far it is.
        cache: Where vectors are kept.

    Raises:
        ConfigError: The run was mined from a collection in memory, which cannot be mined again.
        HardnegError: As `train` and `mine`.

    Source: Xiong et al., Approximate nearest neighbor negative contrastive learning, arXiv 2007.00808.
    """
    run = RunFolder(Path(run_folder)).read()
    if run.get("source") is None:
        raise ConfigError(f"{run_folder} was mined from a collection in memory; rounds need a source")
    folder = Path(out).resolve()
    asked = {
        "fingerprint": fingerprint(settings.plain(), run["fingerprint"], versions(), {"rounds": count}),
        "run": {"folder": str(run_folder), "fingerprint": run["fingerprint"]},
        "settings": settings.plain(),
        "versions": versions(),
    }
    options: dict[str, Any] = {"progress": progress, "cache": cache}
    with RunFolder(folder).opened():
        known = claim(folder, asked)
        if known.get("finished"):
            return Trained(folder, known)
        write(folder, {**asked, "finished": False})
        rounds = [_first(run_folder, settings, folder, options)]
        while len(rounds) < count and _grows(rounds):
            rounds.append(_next(run, settings, rounds[-1], folder, len(rounds) + 1, options))
        best = max(rounds, key=lambda trained: trained.development)
        told = {
            **best.facts,
            **asked,
            "rounds": [_told(number, trained) for number, trained in enumerate(rounds, 1)],
            "best_round": rounds.index(best) + 1,
        }
        _keep(best.folder, folder)
        write(folder, told)
        return Trained(folder, told)


def refreshed(recipe: Mapping[str, Any], kind: str, model: Path) -> Recipe:
    """Returns a recipe whose rankers of the student's kind use the student; one is added if there is none.

    Args:
        recipe: The settings in a run's run.json.
        kind: The student's kind.
        model: Its folder.
    """
    settings = copy.deepcopy(dict(recipe))
    wanted = _RANKERS[kind]
    rankers = settings["rank"]["rankers"]
    own = [ranker[wanted] for ranker in rankers if wanted in ranker]
    for ranker in own:
        ranker.update(model=str(model))
    if not own:
        rankers.append({wanted: {"model": str(model)}})
    return Recipe.build(settings)


def _first(run_folder: str | Path, settings: TrainSettings, folder: Path, options: dict[str, Any]) -> Trained:
    """Returns the student of the first round; a mistake told before it learns leaves the folder free."""
    place = folder / ROUNDS / "1"
    try:
        return train(run_folder, settings, place, **options)
    except HardnegError:
        if not (place / FILE).exists():
            shutil.rmtree(folder / ROUNDS, ignore_errors=True)
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
    place = folder / ROUNDS / str(number)
    kind = str(last.facts["student"]["kind"])
    mined = folder / ROUNDS / f"{number}-run"
    pipeline.mine(run["source"], refreshed(run["recipe"], kind, last.folder), mined, **options)
    student = settings.model_copy(update={"student": f"{kind}:{last.folder}"})
    return train(mined, student, place, **options)


def _grows(rounds: list[Trained]) -> bool:
    if len(rounds) == 1:
        return True
    return rounds[-1].development > rounds[-2].development


def _told(number: int, trained: Trained) -> dict[str, Any]:
    told = trained.facts["training"]["development"]
    return {"round": number, "before": told["before"], "best": told["best"], "best_step": told["best_step"]}


def _keep(model: Path, folder: Path) -> None:
    try:
        for path in sorted(model.iterdir()):
            if path.name == FILE or path.name.startswith("."):
                continue
            if path.is_dir():
                shutil.copytree(path, folder / path.name, dirs_exist_ok=True)
            else:
                shutil.copy2(path, folder / path.name)
    except OSError as error:
        raise DataError(f"cannot write {folder}: {error.strerror or error}") from error
