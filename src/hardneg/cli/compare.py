"""`hardneg compare`: which recipe trains the best student."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hardneg.cli.places import on_disk
from hardneg.cli.shared import Quiet, Source, print_json, progress


def compare(
    source: Source,
    recipes: Annotated[str, typer.Option("--recipes", help="Names or YAML files, with commas between.")],
    out: Annotated[
        Path,
        typer.Option("--out", parser=on_disk, help="The folder to write; an interrupted call goes on."),
    ],
    student: Annotated[
        str, typer.Option("--student", help="A model, or static:MODEL, sparse:MODEL, cross-encoder:MODEL.")
    ] = "default",
    seeds: Annotated[int, typer.Option(min=1, help="Students a recipe.")] = 3,
    split: Annotated[str, typer.Option(help="The split that is mined and learned from.")] = "train",
    test: Annotated[str, typer.Option(help="The split that students are measured on.")] = "test",
    dev: Annotated[str | None, typer.Option(help="The split on which training is stopped early.")] = None,
    queries: Annotated[int | None, typer.Option(min=1, help="The most training queries, drawn.")] = None,
    negatives: Annotated[int, typer.Option(min=1, help="Negatives a query.")] = 4,
    depth: Annotated[int, typer.Option(min=1, help="How deep candidates are mined, at least.")] = 200,
    min_relevance: Annotated[int, typer.Option(min=1, help="The least relevance of a positive.")] = 1,
    measure: Annotated[list[str] | None, typer.Option("--measure", help="Also measured; repeat.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the first student.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE of the training, as in epochs=2; repeat.")
    ] = None,
    recipe_set: Annotated[
        list[str] | None, typer.Option("--recipe-set", help="KEY=VALUE of every recipe; repeat.")
    ] = None,
    audit: Annotated[
        bool, typer.Option("--audit/--no-audit", help="Audit the recipes' runs for false negatives.")
    ] = True,
    quiet: Quiet = False,
    json_: Annotated[bool, typer.Option("--json", help="Print compare.json, and no table.")] = False,
) -> None:
    """Train a student on each recipe's negatives and compare them on the test split."""
    from pydantic import ValidationError

    from hardneg import comparison as room
    from hardneg.core.errors import ConfigError
    from hardneg.core.registry import first_problem
    from hardneg.training.train_settings import TrainSettings

    training = TrainSettings.build({"student": student, "dev": dev, "seed": seed}, set_ or ())
    try:
        settings = room.CompareSettings(
            recipes=tuple(name.strip() for name in recipes.split(",") if name.strip()),
            recipe_set=tuple(recipe_set or ()),
            negatives=negatives,
            depth=depth,
            seeds=seeds,
            train=training,
            split=split,
            test=test,
            queries=queries,
            measures=tuple(measure or ("MRR@10",)),
            min_relevance=min_relevance,
            audit=audit,
        )
    except ValidationError as error:
        raise ConfigError(f"compare: {first_problem(error)}") from None
    with progress(quiet or json_) as bars:
        found = room.compare(source, settings, out, progress=bars)
    if json_:
        print_json(dict(found.facts))
    elif not quiet:
        from hardneg.comparison.comparison_table import WIDE, comparison_table, conditions

        console = Console(stderr=True)
        console.width = max(console.width, WIDE)
        console.print(comparison_table(found.facts))
        for line in (*conditions(found.facts), str(found.folder / "compare.json")):
            console.print(line, soft_wrap=True, highlight=False)
