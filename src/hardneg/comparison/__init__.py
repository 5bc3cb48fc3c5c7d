"""Which recipe trains the best student: the table of NV-Retriever's section 5 on the user's own data.

Everything but the recipe is the same for all: the candidates of one way of ranking, the student, its
settings, its seeds and its development queries. Test queries measure finished students and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.auditing import audit as audit_run
from hardneg.comparison.mined import facts_of, mine_all
from hardneg.comparison.rows import rows
from hardneg.comparison.settings import IN_BATCH, UNTRAINED, CompareSettings
from hardneg.comparison.students import measured, untrained
from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import cache_folder, write_text
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection, part
from hardneg.core.tables import differing
from hardneg.evaluation.measures import Measure
from hardneg.evaluation.store import file_name
from hardneg.report import COMPARISON, write_comparison, write_if_installed, write_report
from hardneg.runs.directory import Clock, RunFolder, versions
from hardneg.runs.finished import FinishedRun
from hardneg.sources import load
from hardneg.training.dev_split import DevSet, dev_split, sample
from hardneg.training.student import open_student
from hardneg.training.trainer import require

__all__ = ["CompareSettings", "Comparison", "compare", "read"]

_CONDITIONS = "shared.json"

Audit = Callable[[Path], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Comparison:
    """A finished comparison.

    Attributes:
        folder: Where it lies.
        facts: The content of its compare.json.
    """

    folder: Path
    facts: Mapping[str, Any]


def audited(
    run_folder: Path, collection: Collection, progress: Progress, make: bool = True
) -> Mapping[str, Any] | None:
    """Returns the audit of a run, with a `why` where there is nothing to go by; None without one.

    Args:
        run_folder: The run directory.
        collection: What was mined.
        progress: Is told how far it is.
        make: Whether to audit a run that has not been.
    """
    path = run_folder / "audit.json"
    if path.is_file():
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    if not make:
        return None
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

    An interrupted comparison goes on where it ended; recipes and seeds may be added to a finished one.

    Args:
        source: Has the splits that are mined and measured.
        settings: What is compared.
        out: The folder to write.
        progress: Is told how far it is.
        cache: Where vectors are kept; `cache_folder()` unless given.
        audit: Gives the false-negative rate of a run directory; `hardneg.auditing` unless given.
        report: Whether to write `report.html` into the directory of each recipe's run too.

    Raises:
        HardnegError: The source, a recipe, the student or `out` is not usable.
    """
    require()
    clock, progress, cache = Clock(), progress or NullProgress(), cache or cache_folder()
    recipes, measures = settings.all_recipes(), settings.all_measures  # mistakes are told before any work
    options = recipes[0].load
    with clock.stage("load"):
        whole = load(source, options)
        collection = whole if settings.queries is None else _sampled(whole, settings)
        test = load(source, replace(options, split=settings.test))
    folder = Path(out)
    with RunFolder(folder).opened():
        conditions = _conditions(settings, whole, test)
        _refuse_another(folder, conditions)
        open_student(settings.train)
        context = Context(cache, progress)
        development = dev_split(source, collection, options, settings.train, context)
        if settings.train.guide is not None:
            settings.train.guide.open(collection, context)
        write_text(folder / _CONDITIONS, json.dumps(conditions, indent=2) + "\n")
        with clock.stage("mine and select"):
            given = source if collection is whole else collection
            runs = mine_all(given, collection, settings, folder, progress, cache)
        with clock.stage("audit"):
            told = audit or (lambda run: audited(run, collection, progress, settings.audit))
            first = runs[recipes[0].name]
            mined = {name: facts_of(run, first, told(run.directory)) for name, run in runs.items()}
        with clock.stage("train and measure"):
            results = _results(
                settings, measures, runs, collection, development, test, folder, progress, cache
            )
        facts = {
            "settings": settings.model_dump(mode="json"),
            "collection": {
                **_told(collection),
                "test": _told(test),
                "shared_query_texts": _shared(collection, test),
            },
            "development": dict(development.facts),
            "rows": rows(settings, results, mined),
            "versions": versions(),
            "seconds": clock.seconds,
            "finished": True,
        }
        write(folder, facts)
        for run in runs.values() if report else ():
            write_if_installed(write_report, run.directory, collection)
        return Comparison(folder, facts)


def read(folder: Path) -> Mapping[str, Any] | None:
    """Returns the finished comparison in a folder, None if there is none."""
    path = folder / COMPARISON
    if not path.is_file():
        return None
    facts: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts if facts.get("finished") else None


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes a comparison as JSON, CSV, text and a page.

    Raises:
        DataError: It cannot be written.
    """
    from hardneg.comparison.table import as_csv, as_text

    write_text(folder / "table.csv", as_csv(facts))
    write_text(folder / "table.txt", as_text(facts))
    write_text(folder / COMPARISON, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    write_if_installed(write_comparison, folder)


def _conditions(settings: CompareSettings, collection: Collection, test: Collection) -> dict[str, Any]:
    """Returns what all results of a folder have in common."""
    return {
        **settings.shared(),
        "digest": {"train": collection.digest, "test": test.digest},
        "versions": versions(),
    }


def _refuse_another(folder: Path, conditions: Mapping[str, Any]) -> None:
    path = folder / _CONDITIONS
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        others = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if others:
            raise ConfigError(
                f"{folder} holds other files ({others[0]}, ...); choose an empty --out"
            ) from None
        return
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}; choose another --out, or delete {folder}") from None
    differs = differing(known, conditions)
    if differs:
        raise ConfigError(
            f"{folder} holds a comparison under other conditions, which differs in {', '.join(differs[:3])} "
            "(only recipes and seeds may be added); choose another --out, or delete it"
        )


def _sampled(collection: Collection, settings: CompareSettings) -> Collection:
    queries = sample(collection, settings.train.seed)[: settings.queries]
    every = np.arange(len(collection.documents), dtype=np.int32)
    sampled = part(collection, np.sort(queries), every)
    return replace(
        sampled, digest=f"{collection.digest}, {len(queries)} queries of seed {settings.train.seed}"
    )


def _results(
    settings: CompareSettings,
    measures: Sequence[Measure],
    runs: Mapping[str, FinishedRun],
    collection: Collection,
    development: DevSet,
    test: Collection,
    folder: Path,
    progress: Progress,
    cache: Path,
) -> dict[str, list[dict[str, Any]]]:
    """Returns the results of every arm, one a seed."""
    place = folder / "students"
    results = {UNTRAINED: [untrained(settings.train, test, measures, place / UNTRAINED)]}
    first = next(iter(runs.values()))
    for number in range(settings.seeds):
        for arm in settings.arms[1:]:
            changed: dict[str, Any] = {"seed": settings.train.seed + number}
            if arm == IN_BATCH:
                changed |= {"negatives": 0, "mask": "known"}
            run = first if arm == IN_BATCH else runs[arm]
            result = measured(
                run.directory,
                collection,
                settings.train.model_copy(update=changed),
                development,
                test,
                measures,
                place / file_name(arm) / str(changed["seed"]),
                progress,
                cache,
            )
            results.setdefault(arm, []).append(result)
    return results


def _told(collection: Collection) -> dict[str, Any]:
    return {
        "name": collection.name,
        "documents": len(collection.documents),
        "queries": len(collection.judgments.queries_with_positives),
        "digest": collection.digest,
    }


def _shared(collection: Collection, test: Collection) -> int:
    """Returns how many test queries have the text of a query that is learned from."""
    return int(np.isin(test.queries.keys, collection.queries.keys).sum())
