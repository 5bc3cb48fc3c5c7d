"""Students of a comparison: each trained on one training set with one seed, measured on the test split."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from hardneg.comparison.compare_settings import NDCG, UNTRAINED, CompareSettings
from hardneg.core.components import Context
from hardneg.core.errors import DataError
from hardneg.core.records import Collection
from hardneg.core.registry import invalid_field
from hardneg.core.state_files import read_state, write_state
from hardneg.core.statistics import Floats, bootstrap_mean
from hardneg.evaluation import query_values
from hardneg.evaluation.measures import Measure, deepest
from hardneg.evaluation.significance import paired_tests
from hardneg.evaluation.systems import SystemRun, run_model, search
from hardneg.rankers.dense.models import quietly
from hardneg.training.dev_split import DevSet
from hardneg.training.model_directory import Trained
from hardneg.training.student import Kind, as_ranker, open_student, reopen
from hardneg.training.train_settings import TrainSettings
from hardneg.training.training_run import train

RESULT = "result.json"
_MEND = "delete it, and the same command measures that student again"


class _Seconds(BaseModel):
    train: float
    evaluate: float


class _Result(BaseModel):
    """What result.json must hold."""

    values: dict[str, list[float]]
    seconds: _Seconds


@dataclass(frozen=True)
class Experiment:
    """What all students of a comparison have in common."""

    collection: Collection
    dev_set: DevSet
    test: Collection
    measures: Sequence[Measure]
    context: Context


def measured(shared: Experiment, run_folder: Path, settings: TrainSettings, folder: Path) -> dict[str, Any]:
    """Returns the result of a student on the test split, trained first; a stored result is read."""
    stored = _read(shared, folder)
    if stored:
        return stored
    trained = train(
        run_folder,
        settings,
        folder / "model",
        collection=shared.collection,
        dev_set=shared.dev_set,
        progress=shared.context.progress,
        cache=shared.context.cache,
    )
    return _measured(shared, trained.facts["student"]["kind"], settings, folder, trained)


def untrained(shared: Experiment, settings: TrainSettings, folder: Path) -> dict[str, Any]:
    """Returns the result of the student without training; a stored result is read."""
    stored = _read(shared, folder)
    if stored:
        return stored
    student = open_student(settings)
    shutil.rmtree(folder / "model", ignore_errors=True)
    with quietly():
        student.model.save_pretrained(str(folder / "model"))
    return _measured(shared, student.kind, settings, folder, None)


def per_query(result: Mapping[str, Any], measure: Measure) -> Floats:
    """Returns (n_queries,) float64: a result's values of one measure, in the order of the test queries."""
    return np.array(result["values"][str(measure)], np.float64)


def read(folder: Path) -> dict[str, Any] | None:
    """Returns a stored result, None if there is none."""
    path = folder / RESULT
    try:
        result = read_state(path, _MEND)
        _Result.model_validate(result)
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise DataError(f"{path} is damaged: {invalid_field(error)}; {_MEND}") from None
    return result


def _read(shared: Experiment, folder: Path) -> dict[str, Any] | None:
    """Returns a stored result of the same test queries and measures, None if there is none."""
    result = read(folder)
    if result is None:
        return None
    count = len(shared.test.queries)
    if any(len(result["values"].get(str(measure), ())) != count for measure in shared.measures):
        raise DataError(
            f"{folder / RESULT} is damaged: each measure needs {count:,} values, one per test query; {_MEND}"
        )
    return result


def _run(model: Path, kind: Kind, settings: TrainSettings, test: Collection, depth: int) -> SystemRun:
    """Returns the run of a saved student.

    A static student uses the caching tokenizer. A sparse student is not opened as a ranker, which refuses the
    dense vectors that it may have before its training.
    """
    if kind in ("static", "sparse"):
        return search("student", as_ranker(reopen(kind, model, settings), test), test, depth)
    with tempfile.TemporaryDirectory() as cache:
        return run_model(f"{kind}:{model.resolve()}", test, Context(Path(cache)), depth)


def _measured(
    shared: Experiment, kind: Kind, settings: TrainSettings, folder: Path, trained: Trained | None
) -> dict[str, Any]:
    """Returns and stores the result of the student in the folder `model`, which is deleted."""
    begin = time.perf_counter()
    depth = deepest(shared.measures, len(shared.test.documents))
    run = _run(folder / "model", kind, settings, shared.test, depth)
    by_measure = query_values(run, shared.test, shared.measures)
    untrained_facts: dict[str, Any] = {"training": None, "rows": None, "seconds": {}}
    facts: Mapping[str, Any] = untrained_facts if trained is None else trained.facts
    result = {
        "values": {str(measure): values.tolist() for measure, values in by_measure.items()},
        "training": facts["training"],
        "rows": facts["rows"],
        "seconds": {
            "train": facts["seconds"].get("train", 0.0),
            "evaluate": round(time.perf_counter() - begin, 3),
        },
    }
    write_state(folder / RESULT, result)
    shutil.rmtree(folder / "model")
    return result


def rows(
    settings: CompareSettings,
    results: Mapping[str, Sequence[Mapping[str, Any]]],
    mined: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Returns one row per arm, in the order of `settings.arms`."""
    means: dict[str, dict[Measure, Floats]] = {
        arm: {m: np.mean([per_query(one, m) for one in students], axis=0) for m in settings.all_measures}
        for arm, students in results.items()
    }
    recipes = list(mined)
    best = max(recipes, key=lambda arm: float(means[arm][NDCG].mean()))
    against = {base: _against(base, means) for base in dict.fromkeys((recipes[0], best))}
    table = []
    for arm in settings.arms:
        students = results[arm]
        seeds = [float(per_query(result, NDCG).mean()) for result in students]
        table.append(
            {
                "arm": arm,
                "measures": {
                    str(measure): bootstrap_mean(values, settings.train.seed)._asdict()
                    for measure, values in means[arm].items()
                },
                "seeds": seeds,
                "spread": float(np.std(seeds, ddof=1)) if len(seeds) > 1 else None,
                "gain": float((means[arm][NDCG] - means[UNTRAINED][NDCG]).mean()),
                "against_first": against[recipes[0]].get(arm),
                "against_best": against[best].get(arm),
                "best": arm == best,
                "mined": mined.get(arm),
                "seconds": {
                    name: round(sum(result["seconds"][name] for result in students), 3)
                    for name in ("train", "evaluate")
                },
            }
        )
    return table


def _against(base: str, means: Mapping[str, Mapping[Measure, Floats]]) -> dict[str, Any]:
    """Returns the tests of nDCG@10, per query the mean over seeds, of every other arm against one."""
    arms = [arm for arm in means if arm != base]
    tests = paired_tests([means[arm][NDCG] for arm in arms], means[base][NDCG], seed=0)
    return {arm: {**test.as_dict(), "base": base} for arm, test in zip(arms, tests, strict=True)}
