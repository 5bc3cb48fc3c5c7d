"""`hardneg plan`: time, memory and disk that mining will take."""

from __future__ import annotations

from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import RECIPE, Json, Quiet, Source, print_json, progress


def plan(
    source: Source,
    recipe: Annotated[
        Given,
        OptionsOf(
            RECIPE,
            "split",
            unset="the recipe's",
            **{"recipe": "name", "ranker": "rankers", "set": "overrides"},
        ),
    ],
    sizes: Annotated[
        Given,
        OptionsOf(
            "hardneg.mining.planning:plan",
            *("documents", "queries", "sample"),
            least={"documents": 1, "queries": 1, "sample": 256},
        ),
    ],
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Estimate the time, memory and disk that mining will take.

    The source is loaded whole, a sample of the documents is encoded, and a run on it is made in a temporary
    folder. See docs/scale.md.
    """
    from hardneg.mining import planning
    from hardneg.mining.recipe import Recipe

    with progress(quiet or json_) as bars:
        estimate = planning.plan(source, Recipe.named(**recipe), progress=bars, **sizes)
    if json_:
        print_json(estimate.facts())
    else:
        from hardneg.cli.console import plan_text

        typer.echo(plan_text(estimate))
