"""`hardneg select`: another selection from the candidates of a run."""

from __future__ import annotations

from typing import Annotated

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import RECIPE, Json, Out, Quiet, RecipeName, Run, print_result, progress


def select(
    run: Run,
    out: Out,
    recipe: RecipeName,
    changes: Annotated[
        Given,
        OptionsOf(
            RECIPE,
            *("negatives", "format", "seed"),
            unset="the recipe's",
            **{"judgments": "verdicts", "set": "overrides"},
        ),
    ],
    writing: Annotated[Given, OptionsOf("hardneg.api:select", "report")],
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Select again from the candidates of a run.

    Nothing is ranked or encoded. The recipe's `select`, `seed` and `format` apply; loading, ranking and the
    depth of the candidates are those of the run. Rules and draws that name a ranker need one of the run's.
    The source must be where it was.
    """
    from hardneg import api
    from hardneg.mining.recipe import Recipe

    opened = api.open_run(run)
    chosen = Recipe.named(recipe, ranked_by=opened.info["recipe"], **changes)
    with progress(quiet or json_) as bars:
        result = api.select(opened, chosen, out, progress=bars, **writing)
    print_result(result, quiet, json_)
