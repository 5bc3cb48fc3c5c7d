"""Measures how many of a run's negatives are false: a rate with its interval, and what it costs in hardness.

| method | what it counts | file |
|---|---|---|
| `judged_sample` | verdicts on a random sample of the negatives | `sample.py` |
| `hidden_positives` | known positives that are hidden and come back as negatives | `hidden.py` |
| `calibrated` | the mean of the calibrated probabilities | `chances.py` |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardneg.auditing import groups, hidden, sample, trade_off
from hardneg.auditing.assess import assessed, calibrating
from hardneg.auditing.estimate import Estimate
from hardneg.auditing.probabilities import Negatives, calibrated
from hardneg.core.components import OpenedRanker
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import write_text
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.exporters.card import write_card
from hardneg.mining.recipe import Recipe
from hardneg.report import write_if_installed, write_report
from hardneg.runs.finished import load_run

__all__ = ["METHODS", "audit", "draw_sample"]

METHODS = ("judged_sample", "hidden_positives", "calibrated")


def audit(
    run_folder: str | Path,
    *,
    method: str | None = None,
    target: float | None = None,
    share: float = 0.5,
    collection: Collection | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Returns the false-negative rate of a finished run, and writes it to `audit.json`, card and report.

    Args:
        run_folder: The run directory.
        method: One of `METHODS`; None for the first of them that has enough to go by.
        target: A rate to reach: the threshold of the recipe's rule is sought that does it with the hardest
            negatives.
        share: How many of each query's positives `hidden_positives` hides; one at least stays.
        collection: What was mined, if it was not loaded from a source.
        progress: Is told how far the stages are.

    Raises:
        DataError: The run is not usable, or has too little to go by; the message says what helps.
        ConfigError: There is no such method.
    """
    folder = Path(run_folder)
    if method is not None and method not in METHODS:
        raise ConfigError(f'unknown method "{method}"; known: {", ".join(METHODS)}')
    known, collection = load_run(folder, collection)
    recipe, heard = calibrating(known["recipe"]), progress or NullProgress()
    chooser, rankers = assessed(known, folder, collection, heard)
    negatives = Negatives.of(chooser)
    estimates = _estimates(folder, collection, recipe, negatives, method, share, rankers, heard)
    if not estimates:
        why = chooser.validation.calibration.why
        raise DataError(f"{folder}: no false-negative rate can be estimated. {_advice(why)}")
    best = next(estimates[name] for name in METHODS if name in estimates)
    curve = trade_off.curve(chooser, recipe, negatives, best)
    told = {
        **best.told(),
        "estimates": {name: estimate.told() for name, estimate in estimates.items()},
        "hardness": negatives.hardness(),
        "by": groups.rates(negatives, collection),
        "trade_off": curve,
        "target": None if target is None else trade_off.best_threshold(curve, target),
        "run": known["fingerprint"],
    }
    write_text(folder / "audit.json", json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    write_card(known, folder / "README.md")
    write_if_installed(write_report, folder, collection)
    return told


def draw_sample(
    run_folder: str | Path,
    size: int,
    seed: int = 42,
    *,
    collection: Collection | None = None,
    progress: Progress | None = None,
) -> int:
    """Draws a random sample of a run's negatives to be judged, and returns how many there are.

    Args:
        run_folder: The run directory, in which `audit_sample.jsonl` is written.
        size: How many to draw; rounded up to the same number from each of five strata.
        seed: Of the draw.
        collection: What was mined, if it was not loaded from a source.
        progress: Is told how far the stages are.

    Raises:
        DataError: The run is not usable.
        ConfigError: The size is not above 0.
    """
    if size < 1:
        raise ConfigError(f"a sample has 1 negative or more, found {size}")
    folder = Path(run_folder)
    known, collection = load_run(folder, collection)
    negatives = Negatives.of(assessed(known, folder, collection, progress or NullProgress()).chooser)
    return sample.draw(folder, negatives, collection, size, seed)


def _estimates(
    folder: Path,
    collection: Collection,
    recipe: Recipe,
    negatives: Negatives,
    method: str | None,
    share: float,
    rankers: Mapping[str, OpenedRanker],
    progress: Progress,
) -> dict[str, Estimate]:
    """Returns the estimates that can be made, by method: all the cheap ones, or the one asked for."""
    asked = METHODS if method is None else (method,)
    found: dict[str, Estimate | None] = {}
    if "judged_sample" in asked:
        found["judged_sample"] = sample.estimated(folder, negatives)
    if "hidden_positives" in asked and (method or not any(found.values())):
        found["hidden_positives"] = hidden.estimated(collection, recipe, negatives, share, progress, rankers)
    if "calibrated" in asked:
        found["calibrated"] = calibrated(negatives)
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def _advice(why: str) -> str:
    return (
        f"Calibration: {why or 'not possible'}. Draw a sample with hardneg audit RUN --sample 200, judge it "
        "with hardneg review or hardneg judge, and audit again"
    )
