"""Training sets of all recipes, selected from candidates that recipes with the same rankers share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from hardneg.auditing.negatives import Hardness, hardness
from hardneg.comparison.compare_settings import CompareSettings
from hardneg.core.progress import Progress
from hardneg.core.records import Collection, Decision
from hardneg.core.state_files import fingerprint
from hardneg.evaluation.output import file_name
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.runs import ledger
from hardneg.runs.directory import Clock
from hardneg.runs.finished import FinishedRun

_RATE = ("method", "rate", "low", "high", "why")


def mine_all(
    source: str | Collection,
    collection: Collection,
    settings: CompareSettings,
    folder: Path,
    progress: Progress,
    cache: Path,
) -> dict[str, FinishedRun]:
    """Returns the run of each recipe by its name; finished runs are reused.

    Candidates are written to the folder `candidates/`, decisions to `runs/`; both record the source.
    """
    recipes = settings.all_recipes()
    needed = [rule.needed_depth() for recipe in recipes for rule in recipe.select.rules]
    depth = max([settings.depth, *(recipe.rank.depth for recipe in recipes), *needed])
    runs: dict[str, FinishedRun] = {}
    for recipe in recipes:
        mining = _mining_recipe(recipe, depth)
        plain = mining.settings()
        key = fingerprint(plain["rank"], plain["validation"], plain["load"])[:12]
        base = folder / "candidates" / key
        mined = pipeline.mine_loaded(
            source, collection, mining, base, Clock(), progress=progress, cache=cache
        )
        out = folder / "runs" / file_name(recipe.name)
        selecting = recipe.model_copy(update={"rank": mining.rank})
        runs[recipe.name] = pipeline.select(mined, selecting, out, progress=progress)
    return runs


def hardness_by(scorer: str, folder: Path) -> Hardness:
    """Returns the hardness of a run's negatives by one ranker; all None where it scored none."""
    score, anchor, rank = [np.empty(0)], [np.empty(0)], [np.empty(0, np.int32)]
    for block in ledger.iterate(folder):
        if f"score.{scorer}" in block.table.column_names:
            chosen = block.table.filter(pc.equal(block.table["decision"], Decision.NEGATIVE))
            score.append(chosen[f"score.{scorer}"].fill_null(np.nan).to_numpy().astype(np.float64))
            anchor.append(chosen[f"positive.{scorer}"].fill_null(np.nan).to_numpy().astype(np.float64))
            rank.append(chosen["rank"].fill_null(0).to_numpy().astype(np.int32))
    return hardness(np.concatenate(score), np.concatenate(anchor), np.concatenate(rank))


def _negatives(folder: Path) -> set[tuple[str, str]]:
    """Returns (query_id, doc_id) of a run's negatives."""
    pairs: set[tuple[str, str]] = set()
    for path in ledger.parts(folder):
        kept = pc.field("decision") == Decision.NEGATIVE
        table = ledger.read_table(path, ["query_id", "doc_id"], kept)
        pairs.update(zip(table["query_id"].to_pylist(), table["doc_id"].to_pylist(), strict=True))
    return pairs


def facts_of(result: FinishedRun, first: FinishedRun, audit: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns the facts of a run for a comparison: counts, hardness and false-negative rate."""
    counts, scorer = result.info["counts"], result.scorer
    pairs = _negatives(result.directory)
    shared = len(pairs & _negatives(first.directory)) / len(pairs) if pairs else None
    return {
        "run": result.directory.name,
        "queries": counts["queries"],
        "negatives": counts["negatives"],
        "short": result.info["short"],
        "shared_with_first": shared,
        "hardness": {"by": scorer, **hardness_by(scorer, result.directory)},
        "false_negatives": audit and {name: audit.get(name) for name in _RATE},
        "seconds": dict(result.info["seconds"]),
    }


def _mining_recipe(recipe: Recipe, depth: int) -> Recipe:
    """Returns the recipe that mines the candidates for all recipes with the same rankers and validators."""
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
