"""`hardneg plan`: what a job will take, before it is begun."""

from __future__ import annotations

from typing import Annotated

import typer

from hardneg.cli.shared import Json, Quiet, Rankers, RecipeName, Set, Source, print_json, progress


def plan(
    source: Source,
    recipe: RecipeName = "default",
    ranker: Rankers = None,
    documents: Annotated[
        int | None, typer.Option("--documents", help="Plan for so many documents.", min=1)
    ] = None,
    queries: Annotated[int | None, typer.Option("--queries", help="Plan for so many queries.", min=1)] = None,
    sample: Annotated[int, typer.Option("--sample", help="Most documents to encode.", min=256)] = 1_024,
    split: Annotated[str | None, typer.Option(help="Which judgments to read.")] = None,
    set_: Set = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Measure a sample on this machine and tell what mining will take: time, memory and disk."""
    from hardneg.mining.planning import plan as measure
    from hardneg.mining.recipe import Recipe

    chosen = Recipe.named(recipe, set_ or (), rankers=ranker or None, split=split)
    with progress(quiet or json_) as bars:
        found = measure(source, chosen, documents=documents, queries=queries, sample=sample, progress=bars)
    if json_:
        print_json(found.facts())
    else:
        from hardneg.cli.console import expected

        typer.echo(expected(found))
