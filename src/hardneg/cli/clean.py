"""`hardneg clean`: a training set mined by other tools, without its false negatives."""

from __future__ import annotations

from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import RECIPE, Json, Out, Quiet, RecipeName, print_result, progress


def clean(
    file: Annotated[
        str, typer.Argument(help="A training set: a file in a trainer's format, or of pairs; or its URL.")
    ],
    out: Out,
    changes: Annotated[
        Given,
        OptionsOf(
            RECIPE,
            *("format", "split", "corpus", "strict", "seed"),
            unset="the recipe's",
            **{"ranker": "rankers", "set": "overrides"},
        ),
    ],
    writing: Annotated[Given, OptionsOf("hardneg.api:clean", "report")],
    recipe: RecipeName = "clean",
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Drop the likely false negatives of a training set mined by other tools.

    The file is written as `train` in the run directory, in its own format; rows keep their order, ids, scores
    and other columns, and rows without a negative left are dropped. Where all rows need as many negatives,
    those left are repeated in turn. With `--format` the training set is written from the ledger, with weights
    where the format has any. The recipe needs the ranker `listed`, which `--ranker` adds. The ledger has the
    decision on every listed negative, with `score.listed` 1; its other candidates serve for comparison. See
    docs/validation.md.
    """
    from hardneg import api
    from hardneg.mining.recipe import Recipe

    if "rankers" in changes:
        changes["rankers"].append("listed")
    chosen = Recipe.named(recipe, **changes)
    with progress(quiet or json_) as bars:
        result = api.clean(file, out, chosen, same_format="format" not in changes, progress=bars, **writing)
    print_result(result, quiet, json_)
