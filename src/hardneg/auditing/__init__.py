"""Estimates the false-negative rate of a finished run, and the trade-off of rate and hardness.

Reads runs and writes `audit.json`, the card's rate and the audit sample; changes no decision.

| method | what it counts | file |
|---|---|---|
| `judged_sample` | verdicts on a random sample of the negatives | `estimate.py` |
| `hidden_positives` | known positives that are hidden and come back as negatives | `hidden_positives.py` |
| `calibrated` | the mean of the calibrated probabilities | `estimate.py` |
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from hardneg.auditing import groups, hidden_positives, sample, trade_off
from hardneg.auditing.calibrated_candidates import calibrated_reselector, with_calibration
from hardneg.auditing.estimate import Estimate, calibrated, discrimination, judged_sample, left_out
from hardneg.auditing.negatives import Negatives
from hardneg.core import audit_info, verdicts
from hardneg.core.components import OpenedRanker
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.core.state_files import write_state
from hardneg.exporters.card import write_card
from hardneg.mining.miner import Reselector
from hardneg.mining.recipe import Recipe, recipe_of
from hardneg.runs.finished import FinishedRun, open_run

__all__ = ["METHODS", "audit", "draw_sample", "false_negatives"]

METHODS = ("judged_sample", "hidden_positives", "calibrated")


def audit(
    run: str | Path | FinishedRun,
    *,
    method: str | None = None,
    target: float | None = None,
    share: float = 0.5,
    collection: Collection | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Returns the false-negative rate of a finished run; in a folder, writes `audit.json` and the card.

    Args:
        run: The run, or its directory.
        method: Method of estimation: `judged_sample`, `hidden_positives` or `calibrated`; None for the first
            of them that has enough data.
        target: Rate to reach with the hardest negatives, 0.05 = 5 %: the rule's threshold is searched for.
        share: Share of each query's positives that `hidden_positives` hides, 0 to 1; one at least stays.
        collection: What was mined, if it was not loaded from a source.
        progress: Receives progress.

    Raises:
        DataError: The run is not usable, or has too little data; the message says what helps.
        ConfigError: There is no such method.
    """
    check_method(method)
    finished = run if isinstance(run, FinishedRun) else open_run(run, collection=collection)
    progress = progress or NullProgress()
    reselector, rankers = calibrated_reselector(finished, progress)
    with progress.task("audit", None, "negatives"):
        summary = false_negatives(
            reselector,
            recipe_of(finished),
            method=method,
            target=target,
            share=share,
            **_judgments(finished.folder, method),
            rankers=rankers,
            progress=progress,
            where=finished.name,
        )
    summary["run"] = finished.info["fingerprint"]
    if finished.folder is not None:
        write_state(finished.folder / audit_info.FILE, summary)
        write_card(finished.info, finished.folder / "README.md")
    return summary


def false_negatives(
    reselector: Reselector,
    recipe: Recipe,
    *,
    method: str | None = None,
    target: float | None = None,
    share: float = 0.5,
    sampled: Mapping[sample.Drawn, int] | None = None,
    judged: Mapping[tuple[str, str], float] | None = None,
    by_models: Set[tuple[str, str]] = frozenset(),
    rankers: Mapping[str, OpenedRanker] | None = None,
    progress: Progress | None = None,
    where: str = "the run",
) -> dict[str, Any]:
    """Returns the content of `audit.json` but `run`: rate, estimates, hardness, groups, trade-off, target.

    Args:
        reselector: A calibrated reselector over the run's candidates, as `calibrated_reselector` returns it.
        recipe: The run's recipe.
        method: As for `audit`.
        target: As for `audit`.
        share: As for `audit`.
        sampled: The audit sample: for each negative the size of its stratum.
        judged: Share of judges who find a (query_id, doc_id) relevant.
        by_models: Those of them that language models alone have judged.
        rankers: Rankers of the recipe that are open, by name.
        progress: Receives progress.
        where: What errors call the run.

    Raises:
        DataError: There is too little data; the message says what helps.
        ConfigError: There is no such method.
    """
    check_method(method)
    negatives = Negatives.of(reselector)
    estimates: dict[str, Estimate | None] = {}
    wanted = METHODS if method is None else (method,)
    if "judged_sample" in wanted:
        estimates["judged_sample"] = judged_sample(negatives, sampled or {}, judged or {}, by_models)
    if "hidden_positives" in wanted and (method or not any(estimates.values())):
        estimates["hidden_positives"] = hidden_positives.estimate(
            negatives,
            reselector.collection,
            with_calibration(recipe),
            share,
            rankers or {},
            progress or NullProgress(),
        )
    if "calibrated" in wanted:
        estimates["calibrated"] = calibrated(negatives)
    unread = None
    if "judged_sample" in wanted and estimates["judged_sample"] is None:
        unread = left_out(negatives, sampled or {}, judged or {})
    made = {name: estimate for name, estimate in estimates.items() if estimate is not None}
    if not made:
        why = reselector.validation.calibration.why or "not possible"
        raise DataError(
            f"{where}: no false-negative rate can be estimated. Calibration: {why}. "
            f"{'' if unread is None else f'{unread}. '}"
            "Draw a sample with hardneg audit RUN --sample 200, judge it with hardneg review "
            "or hardneg judge, and audit again"
        )
    best = next(made[name] for name in METHODS if name in made)
    curve = trade_off.curve(reselector, with_calibration(recipe), negatives, best)
    return {
        **best.as_dict(),
        "estimates": {name: estimate.as_dict() for name, estimate in made.items()},
        "hardness": negatives.hardness(),
        "discrimination": discrimination(reselector.validation.calibration.facts),
        "by": groups.rates(negatives, reselector.collection),
        "trade_off": curve,
        "target": None if target is None else trade_off.best_threshold(curve, target),
        **({} if unread is None else {"verdicts_left_out": unread}),
    }


def draw_sample(
    run: str | Path | FinishedRun,
    size: int,
    seed: int = 42,
    *,
    collection: Collection | None = None,
    progress: Progress | None = None,
) -> int:
    """Draws a random sample of a run's negatives to be judged, and returns its size.

    Args:
        run: The run, or its directory, in which `audit_sample.jsonl` is written.
        size: Negatives to draw, rounded up to the same number from each of five strata.
        seed: Seed of the draw.
        collection: What was mined, if it was not loaded from a source.
        progress: Receives progress.

    Raises:
        DataError: The run is not usable.
        ConfigError: The size is not above 0.
    """
    if size < 1:
        raise ConfigError(f"a sample has 1 negative or more, found {size}")
    finished = run if isinstance(run, FinishedRun) else open_run(run, collection=collection)
    folder = finished.directory
    reselector, _ = calibrated_reselector(finished, progress or NullProgress())
    return sample.draw(folder, Negatives.of(reselector), finished.collection, size, seed)


def _judgments(folder: Path | None, method: str | None) -> dict[str, Any]:
    """Returns the sample of a run and the verdicts on it, where the method reads them."""
    if folder is None or method not in (None, "judged_sample"):
        return {}
    read = verdicts.read(folder / verdicts.FILE)
    people = {line.pair for line in read if not line.judge.startswith(verdicts.MODEL)}
    judged = verdicts.relevance(read)
    return {"sampled": sample.read(folder), "judged": judged, "by_models": judged.keys() - people}


def check_method(method: str | None) -> None:
    """Checks the name of a method."""
    if method is not None and method not in METHODS:
        raise ConfigError(f'unknown method "{method}"; known: {", ".join(METHODS)}')
