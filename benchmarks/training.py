"""Compares recipes by the students they train, on collections with a training and a test split.

    python benchmarks/training.py FOLDER... --student default --out DIR
    python benchmarks/training.py FOLDER... --student default --out DIR --split-queries 5

It is `hardneg compare` on each collection with the same settings, and a last table of means over collections:
for each recipe the mean gain over the untrained student, how often it came first, and how often it was
significantly worse than another (randomisation test, p < 0.05 after Holm's correction).

With --split-queries the queries of a deeply judged collection that has a test split alone are divided; see
`divided.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import divided
import numpy as np
import typer
from rich.console import Console

from hardneg.cli.progress import Bars
from hardneg.comparison import CompareSettings, compare
from hardneg.comparison.comparison_table import comparison_table, conditions
from hardneg.training import TrainSettings

RECIPES = "naive,random,shifted,abs,margin-pos,perc-pos,sampled,default"


def main(
    folders: list[str],
    out: Annotated[Path, typer.Option()],
    student: str = "default",
    recipes: str = RECIPES,
    seeds: int = 3,
    queries: int | None = None,
    negatives: int = 4,
    min_relevance: int = 1,
    split_queries: Annotated[int, typer.Option(help="Parts, each tested in turn; 0: none.")] = 0,
    set_: Annotated[list[str] | None, typer.Option("--set")] = None,
    recipe_set: Annotated[list[str] | None, typer.Option("--recipe-set")] = None,
) -> None:
    """Prints the table of each collection, and that over all."""
    settings = CompareSettings(
        recipes=tuple(recipes.split(",")),
        recipe_set=tuple(recipe_set or ()),
        seeds=seeds,
        queries=queries,
        negatives=negatives,
        min_relevance=min_relevance,
        train=TrainSettings.build({"student": student}, set_ or ()),
        load={"empty_texts": "skip"},
    )
    console = Console(width=160)
    found: list[Mapping[str, Any]] = []
    for folder in folders:
        place = out / Path(folder).name
        with Bars() as bars:
            if split_queries:
                found.append(divided.compare(folder, settings, split_queries, place, bars))
            else:
                found.append(compare(folder, settings, place, progress=bars).facts)
        console.print(comparison_table(found[-1]))
        for line in conditions(found[-1]):
            console.print(line)
    for line in overall(found):
        console.print(line)


def overall(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns a line for each arm: its mean over collections, its mean gain, how often it was the best."""
    lines = [f"{'over all':12s} nDCG@10    gain  first  worse than the best (p < 0.05)"]
    for place, arm in enumerate(row["arm"] for row in found[0]["rows"]):
        rows = [facts["rows"][place] for facts in found]
        mean = np.mean([row["measures"]["nDCG@10"]["mean"] for row in rows])
        gain = np.mean([row["gain"] for row in rows])
        first = sum(row["best"] for row in rows)
        worse = sum(_worse(row["against_best"]) for row in rows)
        lines.append(f"{arm:12s} {mean:7.4f} {gain:+7.4f} {first:6d} {worse:6d}")
    return lines


def _worse(found: Mapping[str, Any] | None) -> bool:
    return found is not None and found["p_holm"] < 0.05 and found["difference"]["mean"] < 0


if __name__ == "__main__":
    typer.run(main)
