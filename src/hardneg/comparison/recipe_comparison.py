"""Finds the recipe that trains the best student: NV-Retriever's section 5 on the user's own data.

Everything but the recipe is the same for all: candidates of the same rankers, the student, its settings,
seeds and development queries. Test queries measure finished students and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.auditing import audit as audit_run
from hardneg.comparison.compare_settings import IN_BATCH, UNTRAINED, CompareSettings
from hardneg.comparison.comparison_table import as_csv, as_text
from hardneg.comparison.mined import facts_of, mine_all
from hardneg.comparison.students import Experiment, measured, rows, untrained
from hardneg.core import audit_info
from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import cache_folder, write_text
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection, part
from hardneg.core.state_files import read_state, write_state
from hardneg.core.tables import differing
from hardneg.evaluation.output import file_name
from hardneg.report import COMPARISON, write_after_work, write_comparison, write_report
from hardneg.runs.directory import Clock, RunFolder, versions
from hardneg.runs.finished import FinishedRun
from hardneg.sources import load
from hardneg.training.dev_split import dev_split, shuffled_queries
from hardneg.training.student import open_student
from hardneg.training.training_run import check_libraries

_CONDITIONS = "shared.json"

Audit = Callable[[Path], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Comparison:
    """A finished comparison."""

    folder: Path
    facts: Mapping[str, Any]


def audited(
    run_folder: Path, collection: Collection, progress: Progress, new: bool = True
) -> Mapping[str, Any] | None:
    """Returns the audit of a run, with a `why` where no rate can be estimated; None without one."""
    stored = audit_info.read(run_folder)
    if stored is not None or not new:
        return stored
    try:
        return audit_run(run_folder, collection=collection, progress=progress)
    except DataError as error:
        return {"why": str(error)}


def compare(
    source: str,
    settings: CompareSettings,
    out: str | Path,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
    audit: Audit | None = None,
    report: bool = False,
) -> Comparison:
    """Mines, trains and measures every recipe, and writes `compare.json`, `table.csv` and `table.txt`.

    An interrupted comparison is resumed; recipes and seeds may be added to a finished one. `audit` returns
    the audit of a run directory, by default that of `hardneg.auditing.audit`. With `report` the run of each
    recipe has its `report.html` too.

    Raises:
        HardnegError: The source, a recipe, the student or `out` is not usable.
    """
    check_libraries()
    clock, progress, cache = Clock(), progress or NullProgress(), cache or cache_folder()
    recipes, measures = settings.all_recipes(), settings.all_measures  # errors are raised before any work
    options = recipes[0].load
    with clock.stage("load"):
        split = load(source, options)
        collection = split if settings.queries is None else _sampled(split, settings)
        test = load(source, replace(options, split=settings.test))
    folder = Path(out)
    with RunFolder(folder, _CONDITIONS).opened() as opened:
        conditions = {
            **settings.shared(),
            "digest": {"train": split.digest, "test": test.digest},
            "versions": versions(),
        }
        _check_free(folder, conditions)
        opened.sweep()
        open_student(settings.train)
        context = Context(cache, progress)
        dev_set = dev_split(source, collection, options, settings.train, context)
        if settings.train.guide is not None:
            settings.train.guide.open(collection, context)
        write_state(folder / _CONDITIONS, conditions)
        with clock.stage("mine and select"):
            mined_source = source if collection is split else collection
            runs = mine_all(mined_source, collection, settings, folder, progress, cache)
        with clock.stage("audit"):
            audit = audit or (lambda run: audited(run, collection, progress, settings.audit))
            first = runs[recipes[0].name]
            mined = {name: facts_of(run, first, audit(run.directory)) for name, run in runs.items()}
        with clock.stage("train and measure"):
            shared = Experiment(collection, dev_set, test, measures, context)
            results = _results(settings, shared, runs, folder / "students")
        facts = {
            "settings": settings.model_dump(mode="json"),
            "collection": {
                **_summary(collection),
                "test": _summary(test),
                "shared_query_texts": int(np.isin(test.queries.keys, collection.queries.keys).sum()),
            },
            "development": dict(dev_set.facts),
            "rows": rows(settings, results, mined),
            "versions": versions(),
            "seconds": clock.seconds,
            "finished": True,
        }
        write(folder, facts)
        for run in runs.values() if report else ():
            write_after_work(write_report, run.directory, collection)
        return Comparison(folder, facts)


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes a comparison as JSON, CSV, text and a page."""
    write_text(folder / "table.csv", as_csv(facts))
    write_text(folder / "table.txt", as_text(facts))
    write_state(folder / COMPARISON, facts)
    write_after_work(write_comparison, folder)


def _check_free(folder: Path, conditions: Mapping[str, Any]) -> None:
    """Checks that a folder is empty, or holds a comparison under the same conditions."""
    path = folder / _CONDITIONS
    try:
        stored = read_state(path, f"choose another --out, or delete {folder}")
    except FileNotFoundError:
        return
    differs = differing(stored, conditions)
    if differs:
        raise ConfigError(
            f"{folder} holds a comparison under other conditions, which differs in {', '.join(differs[:3])} "
            "(only recipes and seeds may be added); choose another --out, or delete it"
        )


def _sampled(collection: Collection, settings: CompareSettings) -> Collection:
    queries = shuffled_queries(collection, settings.train.seed)[: settings.queries]
    documents = np.arange(len(collection.documents), dtype=np.int32)
    sampled = part(collection, np.sort(queries), documents)
    return replace(
        sampled, digest=f"{collection.digest}, {len(queries)} queries of seed {settings.train.seed}"
    )


def _results(
    settings: CompareSettings, shared: Experiment, runs: Mapping[str, FinishedRun], folder: Path
) -> dict[str, list[dict[str, Any]]]:
    """Returns the results of every arm, one per seed."""
    results = {UNTRAINED: [untrained(shared, settings.train, folder / UNTRAINED)]}
    first = next(iter(runs.values()))
    for seed in range(settings.train.seed, settings.train.seed + settings.seeds):
        for arm in settings.arms[1:]:
            in_batch = {"negatives": 0, "mask": "known"} if arm == IN_BATCH else {}
            student = settings.train.model_copy(update={"seed": seed, **in_batch})
            run = first if arm == IN_BATCH else runs[arm]
            result = measured(shared, run.directory, student, folder / file_name(arm) / str(seed))
            results.setdefault(arm, []).append(result)
    return results


def _summary(collection: Collection) -> dict[str, Any]:
    return {
        "name": collection.name,
        "documents": len(collection.documents),
        "queries": len(collection.judgments.queries_with_positives),
        "digest": collection.digest,
    }
