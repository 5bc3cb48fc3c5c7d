"""`hardneg mine` and `hardneg demo`: from a collection to a training set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hardneg.cli.places import on_disk
from hardneg.cli.shared import (
    EngineName,
    FormatName,
    Json,
    Judgments,
    Negatives,
    Out,
    Page,
    Quiet,
    Rankers,
    RecipeName,
    Seed,
    Set,
    Source,
    Strict,
    progress,
    report,
)


def mine(
    source: Source,
    out: Out,
    recipe: RecipeName = "default",
    ranker: Rankers = None,
    negatives: Negatives = None,
    format_: FormatName = None,
    split: Annotated[str | None, typer.Option(help="Which judgments to read.")] = None,
    corpus: Annotated[str | None, typer.Option(help="More documents than a pairs file holds.")] = None,
    strict: Strict = False,
    judgments: Judgments = None,
    precision: Annotated[
        str | None, typer.Option(help="What dense models run in: auto, fp32, bf16 or fp16.")
    ] = None,
    seed: Seed = None,
    engine: EngineName = None,
    page: Page = True,
    set_: Set = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Turn queries, a corpus and judgments into a training set with hard negatives."""
    from hardneg import api
    from hardneg.mining.recipe import Recipe

    chosen = Recipe.named(
        recipe,
        set_ or (),
        verdicts=judgments,
        rankers=ranker or None,
        negatives=negatives,
        format=format_,
        split=split,
        corpus=corpus,
        strict=strict or None,
        seed=seed,
        engine=engine,
    )
    chosen = chosen.in_precision(precision) if precision else chosen
    with progress(quiet or json_) as bars:
        result = api.mine(source, chosen, out, report=page, progress=bars)
    report(result, quiet, json_)


def demo(
    out: Annotated[Path, typer.Option("--out", parser=on_disk, help="The run directory to write.")] = Path(
        "hardneg-demo"
    ),
    recipe: RecipeName = "default",
    ranker: Rankers = None,
    page: Page = True,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Mine and audit the built-in collection, the Python standard library; no network is needed.

    The default recipe's dense model reads the first 64 tokens of each document, which is quicker on a CPU.
    """
    from hardneg import api
    from hardneg.mining.recipe import Recipe

    shorter = ["rank.rankers.dense.max_length=64"] if recipe == "default" and not ranker else []
    chosen = Recipe.named(recipe, shorter, rankers=ranker or None)
    with progress(quiet or json_) as bars:
        result = api.mine("stdlib", chosen, out, report=False, progress=bars)
        found = api.audit(result, report=page, progress=bars)
    report(result, quiet, json_)
    if not (quiet or json_):
        from hardneg.cli.console import examples, rate

        console = Console(stderr=True)
        console.print(examples(result.training_set, 3))
        console.print(f"false negatives among the negatives: {rate(found)}; hardneg audit {out} tells more")
