"""One student of a comparison: trained on one training set with one seed, and measured on the test split."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import Context
from hardneg.core.errors import DataError
from hardneg.core.files import write_text
from hardneg.core.progress import Progress
from hardneg.core.records import Collection
from hardneg.evaluation import judgments_of
from hardneg.evaluation.measures import Measure, deepest, values
from hardneg.evaluation.runs import Run, search
from hardneg.evaluation.significance import Values
from hardneg.evaluation.systems import run_model
from hardneg.rankers.dense.models import quietly
from hardneg.training import Trained, TrainSettings, train
from hardneg.training.dev_split import DevSet
from hardneg.training.student import Kind, open_student, reopen
from hardneg.training.student_ranker import as_ranker


def measured(
    run_folder: Path,
    collection: Collection,
    settings: TrainSettings,
    development: DevSet,
    test: Collection,
    measures: Sequence[Measure],
    folder: Path,
    progress: Progress,
    cache: Path,
) -> dict[str, Any]:
    """Returns what a student is worth on the test split, trained first; a finished one is read.

    Args:
        run_folder: The run to learn from.
        collection: What was mined.
        settings: How.
        development: Where it is stopped early.
        test: What it is measured on.
        measures: Which.
        folder: Where `result.json` is, or is to be, written.
        progress: Is told how far it is.
        cache: Where vectors are kept.
    """
    known = read(folder)
    if known:
        return known
    trained = train(
        run_folder,
        settings,
        folder / "model",
        collection=collection,
        development=development,
        progress=progress,
        cache=cache,
    )
    kind = trained.facts["student"]["kind"]
    return _measured(trained.folder, kind, settings, test, measures, folder, trained)


def untrained(
    settings: TrainSettings, test: Collection, measures: Sequence[Measure], folder: Path
) -> dict[str, Any]:
    """Returns what the student is worth before any training."""
    known = read(folder)
    if known:
        return known
    student = open_student(settings)
    shutil.rmtree(folder / "model", ignore_errors=True)
    with quietly():
        student.model.save_pretrained(str(folder / "model"))
    return _measured(folder / "model", student.kind, settings, test, measures, folder, None)


def per_query(result: Mapping[str, Any], measure: Measure) -> Values:
    """Returns (n_queries,) float64: a result's values of one measure, in the order of the test queries."""
    return np.array(result["values"][str(measure)], np.float64)


def read(folder: Path) -> dict[str, Any] | None:
    """Returns a finished result, None if there is none.

    Raises:
        DataError: It is damaged.
    """
    path = folder / "result.json"
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}; delete it") from None
    return result


def _run(model: Path, kind: Kind, settings: TrainSettings, test: Collection, depth: int) -> Run:
    """Returns what a saved student finds.

    A static one reads texts with the tokenizer that remembers them. A sparse one is asked as it is: before
    its training it may have no vectors that a sparse ranker would take.
    """
    if kind in ("static", "sparse"):
        return search("student", as_ranker(reopen(kind, model, settings), test), test, depth)
    with tempfile.TemporaryDirectory() as cache:
        return run_model(f"{kind}:{model.resolve()}", test, Context(Path(cache)), depth)


def _measured(
    model: Path,
    kind: Kind,
    settings: TrainSettings,
    test: Collection,
    measures: Sequence[Measure],
    folder: Path,
    trained: Trained | None,
) -> dict[str, Any]:
    begin = time.perf_counter()
    run = _run(model, kind, settings, test, deepest(measures, len(test.documents)))
    least = test.judgments.min_relevance
    found = values(measures, judgments_of(test), run.scores, least)
    ids = test.queries.table["query_id"].to_pylist()
    result = {
        "values": {str(measure): [found[measure].get(query, 0.0) for query in ids] for measure in measures},
        "training": None if trained is None else trained.facts["training"],
        "rows": None if trained is None else trained.facts["rows"],
        "seconds": {
            "train": 0.0 if trained is None else trained.facts["seconds"].get("train", 0.0),
            "evaluate": round(time.perf_counter() - begin, 3),
        },
    }
    write_text(folder / "result.json", json.dumps(result) + "\n")
    shutil.rmtree(model)
    return result
