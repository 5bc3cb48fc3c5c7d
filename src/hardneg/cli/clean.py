"""`hardneg validate`: a training set that hardneg did not mine, cleaned."""

from __future__ import annotations

from typing import Annotated

import typer

from hardneg.cli.shared import (
    FormatName,
    Json,
    Out,
    Page,
    Quiet,
    Rankers,
    RecipeName,
    Seed,
    Set,
    Strict,
    progress,
    report,
)


def validate(
    file: Annotated[
        str, typer.Argument(help="A training set: a file of a trainer's format, or of pairs; or its URL.")
    ],
    out: Out,
    recipe: RecipeName = "clean",
    ranker: Rankers = None,
    format_: FormatName = None,
    split: Annotated[str | None, typer.Option(help="Which rows of a file with splits to examine.")] = None,
    corpus: Annotated[str | None, typer.Option(help="More documents than the file holds.")] = None,
    strict: Strict = False,
    seed: Seed = None,
    page: Page = True,
    set_: Set = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Clean a training set: drop the listed negatives that are likely relevant, keep the rest as it is."""
    from hardneg import api
    from hardneg.mining.recipe import Recipe

    chosen = Recipe.named(
        recipe,
        set_ or (),
        rankers=[*ranker, "listed"] if ranker else None,
        format=format_,
        split=split,
        corpus=corpus,
        strict=strict or None,
        seed=seed,
    )
    with progress(quiet or json_) as bars:
        result = api.clean(file, out, chosen, same_format=format_ is None, report=page, progress=bars)
    report(result, quiet, json_)
