"""`hardneg evaluate`: how well models rank."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import (
    LOAD,
    Json,
    Quiet,
    Source,
    load_options,
    on_disk,
    print_json,
    print_tables,
    progress,
)


def evaluate(
    source: Source,
    settings: Annotated[
        Given,
        OptionsOf(
            "hardneg.api:evaluate",
            *("depth", "pool", "pool_depth", "max_length", "baseline", "seed"),
            least={"depth": 1, "pool_depth": 1, "max_length": 1, "seed": 0},
            **{"model": "models", "run": "runs", "measure": "measures"},
        ),
    ],
    load: Annotated[Given, OptionsOf(LOAD, "min_relevance", "strict")],
    split: Annotated[str, typer.Option(help="Judgments to read.")] = "test",
    out: Annotated[
        Path | None,
        typer.Option(parser=on_disk, metavar="DIR", help="Folder for summary, values per query and runs."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="load.KEY=VALUE", help="Option of loading.")
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Measure how well models, rankers or run files rank.

    Systems are compared with the baseline by paired tests. Needs the extra `evaluate`. See
    docs/evaluation.md.
    """
    from hardneg import api
    from hardneg.evaluation.output import notes, tables

    options = load_options(set_, {"split": split, **load})
    with progress(quiet or json_) as bars:
        result = api.evaluate(source, load=options, out=out, progress=bars, **settings)
    if json_:
        print_json(result.facts())
    elif not quiet:
        print_tables(tables(result), [*notes(result), *([str(out)] if out else [])])
