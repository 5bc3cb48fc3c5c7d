"""Which recipe trains the best student: the table of NV-Retriever's section 5 on the user's own data.

Everything but the recipe is the same for all: the candidates of one way of ranking, the student, its
settings, its seeds and its development queries. Test queries are loaded when mining is over; they measure
finished students and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.compare.mined import hardness, mine_all, scorer_of
from hardneg.compare.settings import IN_BATCH, NDCG, UNTRAINED, CompareSettings
from hardneg.compare.students import measured, per_query, untrained
from hardneg.errors import ConfigError
from hardneg.evaluate.measures import Measure
from hardneg.evaluate.significance import compare as tested
from hardneg.evaluate.significance import interval
from hardneg.evaluate.store import file_name
from hardneg.files import cache_folder, write_text
from hardneg.load import load
from hardneg.progress import Progress, Silent
from hardneg.rank import Context
from hardneg.records import Collection
from hardneg.reopen import Result
from hardneg.run import Clock, RunFolder, fingerprint, versions
from hardneg.train.develop import Development, develop, part, sample
from hardneg.train.trainer import require

__all__ = ["CompareSettings", "Comparison", "compare", "read"]

FILE = "compare.json"
"""Holds a finished comparison."""

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


def audited(run_folder: Path) -> Mapping[str, Any] | None:
    """Returns the audit of a run, None if it was not audited."""
    path = run_folder / "audit.json"
    if not path.is_file():
        return None
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def compare(
    source: str,
    settings: CompareSettings,
    out: str | Path,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
    audit: Audit = audited,
) -> Comparison:
    """Mines, trains and measures every recipe, and writes `compare.json`, `table.csv` and `table.txt`.

    An interrupted comparison goes on where it ended; recipes and seeds may be added to a finished one.

    Args:
        source: Has the splits that are mined and measured.
        settings: What is compared.
        out: The folder to write.
        progress: Is told how far it is.
        cache: Where vectors are kept; `cache_folder()` unless given.
        audit: Gives the false-negative rate of a run directory.

    Raises:
        HardnegError: The source, a recipe, the student or `out` is not usable.
    """
    require()
    clock, progress, cache = Clock(), progress or Silent(), cache or cache_folder()
    recipes = [settings.recipe(name) for name in settings.recipes]  # an unknown one is told before any work
    options = recipes[0].load
    with clock.stage("load"):
        whole = load(source, options)
        collection = whole if settings.queries is None else _sampled(whole, settings)
    folder = Path(out)
    with RunFolder(folder).opened():
        _claim(folder, settings, whole)
        development = develop(source, collection, options, settings.train, Context(cache, progress))
        with clock.stage("mine and select"):
            given = source if collection is whole else collection
            runs = mine_all(given, collection, settings, folder, progress, cache)
        with clock.stage("load"):
            test = load(source, replace(options, split=settings.test))
        with clock.stage("train and measure"):
            results = _results(settings, runs, collection, development, test, folder, progress, cache)
        facts = {
            "settings": settings.model_dump(mode="json"),
            "collection": {
                **_told(collection),
                "test": _told(test),
                "shared_query_texts": _shared(collection, test),
            },
            "development": dict(development.facts),
            "rows": _rows(settings, runs, results, audit),
            "versions": versions(),
            "seconds": clock.seconds,
            "finished": True,
        }
        write(folder, facts)
        return Comparison(folder, facts)


def read(folder: Path) -> Mapping[str, Any] | None:
    """Returns the finished comparison in a folder, None if there is none."""
    path = folder / FILE
    if not path.is_file():
        return None
    facts: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts if facts.get("finished") else None


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes a comparison as JSON, CSV and text.

    Raises:
        DataError: It cannot be written.
    """
    from hardneg.compare.table import as_csv, as_text

    write_text(folder / "table.csv", as_csv(facts))
    write_text(folder / "table.txt", as_text(facts))
    write_text(folder / FILE, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def _claim(folder: Path, settings: CompareSettings, collection: Collection) -> None:
    asked = fingerprint(settings.shared(), collection.digest, versions())
    path = folder / "shared.json"
    if not path.exists():
        others = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if others:
            raise ConfigError(f"{folder} holds other files ({others[0]}, ...); choose an empty --out")
        write_text(path, json.dumps({"fingerprint": asked, "settings": settings.shared()}, indent=2) + "\n")
    if json.loads(path.read_text(encoding="utf-8"))["fingerprint"] != asked:
        raise ConfigError(
            f"{folder} holds a comparison under other conditions (only recipes and seeds may be added); "
            "choose another --out, or delete it"
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
    runs: Mapping[str, Result],
    collection: Collection,
    development: Development,
    test: Collection,
    folder: Path,
    progress: Progress,
    cache: Path,
) -> dict[str, list[dict[str, Any]]]:
    """Returns the results of every arm, one a seed."""
    measures, place = settings.all_measures, folder / "students"
    results = {UNTRAINED: [untrained(settings.train, test, measures, place / UNTRAINED)]}
    first = next(iter(runs.values()))
    for number in range(settings.seeds):
        for arm in settings.arms[1:]:
            changed: dict[str, Any] = {"seed": settings.train.seed + number}
            if arm == IN_BATCH:
                changed |= {"negatives": 0, "mask": "known"}
            run = first if arm == IN_BATCH else runs[arm]
            result = measured(
                run.folder,
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


def _rows(
    settings: CompareSettings,
    runs: Mapping[str, Result],
    results: Mapping[str, list[dict[str, Any]]],
    audit: Audit,
) -> list[dict[str, Any]]:
    means = {
        arm: {measure: _mean_of(own, measure) for measure in settings.all_measures}
        for arm, own in results.items()
    }
    named = list(runs)
    best = max(named, key=lambda arm: float(means[arm][NDCG].mean()))
    against = {base: _against(base, named, means) for base in dict.fromkeys((named[0], best))}
    rows = []
    for arm in settings.arms:
        own = results[arm]
        seeds = [float(per_query(result, NDCG).mean()) for result in own]
        rows.append(
            {
                "arm": arm,
                "measures": {
                    str(measure): interval(values, settings.train.seed)._asdict()
                    for measure, values in means[arm].items()
                },
                "seeds": seeds,
                "spread": float(np.std(seeds, ddof=1)) if len(seeds) > 1 else None,
                "gain": float((means[arm][NDCG] - means[UNTRAINED][NDCG]).mean()),
                "against_first": against[named[0]].get(arm),
                "against_best": against[best].get(arm),
                "best": arm == best,
                "mined": _mined(runs[arm], audit) if arm in runs else None,
                "seconds": {
                    name: round(sum(result["seconds"][name] for result in own), 3)
                    for name in ("train", "evaluate")
                },
            }
        )
    return rows


def _mean_of(results: Sequence[Mapping[str, Any]], measure: Measure) -> Any:
    return np.mean([per_query(result, measure) for result in results], axis=0)


def _against(base: str, recipes: Sequence[str], means: Mapping[str, Mapping[Measure, Any]]) -> dict[str, Any]:
    """Returns the test of nDCG@10, the mean over seeds of each query, of every other arm with one."""
    others = [arm for arm in means if arm != base]
    found = tested([means[arm][NDCG] for arm in others], means[base][NDCG], seed=0)
    return {
        arm: {**one._asdict(), "difference": one.difference._asdict(), "base": base}
        for arm, one in zip(others, found, strict=True)
    }


def _mined(result: Result, audit: Audit) -> dict[str, Any]:
    counts, found = result.run["counts"], audit(result.folder)
    return {
        "run": result.folder.name,
        "queries": counts["queries"],
        "negatives": counts["negatives"],
        "short": result.run["short"],
        "hardness": {"by": scorer_of(result.run), **hardness(result.folder, scorer_of(result.run))},
        "false_negatives": found and {name: found.get(name) for name in ("method", "rate", "low", "high")},
        "seconds": dict(result.run["seconds"]),
    }


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
