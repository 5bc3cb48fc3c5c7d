"""What a run learns before it decides: of its positives, and of false negatives; kept to resume with."""

from __future__ import annotations

from typing import Any

from hardneg.calibration.calibration import Calibration
from hardneg.calibration.noisy_positives import NoisyPositives
from hardneg.core.progress import Progress
from hardneg.mining.miner import Miner, Reselector
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import Clock, RunFolder, RunInMemory

Place = RunFolder | RunInMemory


def calibrate(
    work: Miner | Reselector, recipe: Recipe, place: Place, info: dict[str, Any], clock: Clock, show: Progress
) -> None:
    """Estimates probabilities of false negatives, or reads what the interrupted run had estimated."""
    if not recipe.validation.calibrate:
        return
    with clock.stage("calibrate"), show.task("calibrate", None, "queries"):
        stored = place.read_calibration()
        if stored is None:
            learned = work.calibrate()
            place.write_calibration(learned.describe())
        else:
            learned = work.use(Calibration.build(stored))
    info["validation"]["calibration"] = {**learned.facts, "rules": list(learned.rules)}


def learn_positives(
    miner: Miner, recipe: Recipe, place: Place, info: dict[str, Any], clock: Clock, show: Progress
) -> None:
    """Estimates the share of wrong positives, or reads what the interrupted run had estimated."""
    if not recipe.positives.estimate:
        return
    with clock.stage("examine positives"), show.task("examine positives", None, "queries"):
        stored = place.read_positives()
        if stored is None:
            learned = miner.learn_positives()
            place.write_positives(learned.describe())
        else:
            learned = miner.positives.learned = NoisyPositives.build(stored)
    info["positives"] = {**learned.facts, **action_of(recipe), "validators": miner.positives.facts}


def action_of(recipe: Recipe) -> dict[str, Any]:
    """Returns what becomes of wrong positives, for run.json."""
    return {"action": recipe.positives.action, "max_p": recipe.positives.max_p}
