"""Training sets of all recipes from candidates that are mined once for each way of ranking."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hardneg.auditing.hardness import Hardness, hardness
from hardneg.comparison.settings import CompareSettings
from hardneg.core.progress import Progress
from hardneg.core.records import Collection, Decision
from hardneg.evaluation.store import file_name
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.runs import ledger
from hardneg.runs.directory import Clock, fingerprint
from hardneg.runs.finished import FinishedRun
from hardneg.selection.rules.window import Window

_RATE = ("method", "rate", "low", "high", "why")


def mine_all(
    source: str | Collection,
    collection: Collection,
    settings: CompareSettings,
    folder: Path,
    progress: Progress,
    cache: Path,
) -> dict[str, FinishedRun]:
    """Returns the run of each recipe by its name; finished ones are taken as they are.

    Args:
        source: What run directories are to remember as their source.
        collection: The same, loaded.
        settings: The recipes.
        folder: Candidates go to `candidates/`, decisions to `runs/`.
        progress: Is told how far it is.
        cache: Where vectors are kept.
    """
    recipes = settings.all_recipes()
    depth = max([settings.depth, *(_depth(recipe) for recipe in recipes)])
    runs: dict[str, FinishedRun] = {}
    for recipe in recipes:
        first = _candidates(recipe, depth)
        settled = first.settings()
        key = fingerprint(settled["rank"], settled["validation"], settled["load"])[:12]
        base = folder / "candidates" / key
        mined = pipeline.mine_loaded(source, collection, first, base, Clock(), progress=progress, cache=cache)
        out = folder / "runs" / file_name(recipe.name)
        again = recipe.model_copy(update={"rank": first.rank})
        runs[recipe.name] = pipeline.select(mined, again, out, progress=progress)
    return runs


def hardness_by(scorer: str, folder: Path) -> Hardness:
    """Returns how hard the negatives of a run are by one ranker; None throughout where it scored none."""
    score, anchor, rank = [np.empty(0)], [np.empty(0)], [np.empty(0, np.int32)]
    for block in ledger.iterate(folder):
        if f"score.{scorer}" in block.table.column_names:
            chosen = block.table.filter(pc.equal(block.table["decision"], Decision.NEGATIVE))
            score.append(chosen[f"score.{scorer}"].fill_null(np.nan).to_numpy().astype(np.float64))
            anchor.append(chosen[f"positive.{scorer}"].fill_null(np.nan).to_numpy().astype(np.float64))
            rank.append(chosen["rank"].fill_null(0).to_numpy().astype(np.int32))
    return hardness(np.concatenate(score), np.concatenate(anchor), np.concatenate(rank))


def shared(folder: Path, other: Path) -> float | None:
    """Returns which share of a run's negatives another run chooses too; None without any."""
    own, others = _chosen(folder), _chosen(other)
    return len(own & others) / len(own) if own else None


def _chosen(folder: Path) -> set[tuple[str, str]]:
    """Returns (query_id, doc_id) of a run's negatives."""
    pairs: set[tuple[str, str]] = set()
    for path in ledger.parts(folder):
        kept = [("decision", "=", Decision.NEGATIVE)]
        table = pq.read_table(path, columns=["query_id", "doc_id"], filters=kept)
        pairs.update(zip(table["query_id"].to_pylist(), table["doc_id"].to_pylist(), strict=True))
    return pairs


def scorer_of(run: Mapping[str, Any]) -> str:
    """Returns the ranker that a run's thresholds read."""
    return str(run["recipe"]["select"]["by"])


def facts_of(result: FinishedRun, first: FinishedRun, audit: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns what a comparison tells of a run: how many negatives, how hard and how many of them false.

    Args:
        result: The run.
        first: The run of the first recipe.
        audit: The run's audit, None without one.
    """
    counts = result.info["counts"]
    return {
        "run": result.directory.name,
        "queries": counts["queries"],
        "negatives": counts["negatives"],
        "short": result.info["short"],
        "shared_with_first": shared(result.directory, first.directory),
        "hardness": {"by": scorer_of(result.info), **hardness_by(scorer_of(result.info), result.directory)},
        "false_negatives": audit and {name: audit.get(name) for name in _RATE},
        "seconds": dict(result.info["seconds"]),
    }


def _candidates(recipe: Recipe, depth: int) -> Recipe:
    """Returns the recipe that mines what this and others with the same ranking and validators select from."""
    settings = recipe.settings()
    return Recipe.build(
        {
            "name": "candidates",
            "rank": {**settings["rank"], "depth": max(depth, recipe.rank.depth), "max_depth": None},
            "validation": {"validators": settings["validation"]["validators"]},
            "select": {"negatives": recipe.select.negatives},
            "load": settings["load"],
            "format": "jsonl",
        }
    )


def _depth(recipe: Recipe) -> int:
    ends = [rule.last or 0 for rule in recipe.select.rules if isinstance(rule, Window)]
    return max([recipe.rank.depth, *ends])
