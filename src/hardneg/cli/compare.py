"""`hardneg compare`: which recipe trains the best student."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import TRAINING, Json, Quiet, Source, on_disk, print_json, print_tables, progress


def compare(
    source: Source,
    out: Annotated[
        Path,
        typer.Option(
            parser=on_disk, metavar="DIR", help="The folder to write; an interrupted comparison is resumed."
        ),
    ],
    settings: Annotated[
        Given,
        OptionsOf(
            "hardneg.comparison:CompareSettings",
            *("recipes", "seeds", "split", "test", "queries", "negatives", "depth", "min_relevance", "audit"),
            **{"measure": "measures", "recipe_set": "recipe_set"},
        ),
    ],
    training: Annotated[Given, OptionsOf(TRAINING, "student", "dev", "seed")],
    writing: Annotated[Given, OptionsOf("hardneg.api:compare", "report")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Setting of the training, as in `epochs=2`."),
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Train a student on each recipe's negatives and compare them.

    The students, their seeds and their settings are the same for every recipe. Recipes and seeds may be added
    to a finished comparison. Needs the extra `train`. See docs/evaluation.md.
    """
    from hardneg import api
    from hardneg.comparison.comparison_table import WIDE, comparison_table, conditions
    from hardneg.training import TrainSettings

    if "recipes" in settings:
        settings["recipes"] = [name.strip() for name in settings["recipes"].split(",") if name.strip()]
    settings["train"] = TrainSettings.build(training, set_ or ())
    with progress(quiet or json_) as bars:
        result = api.compare(source, settings, out, progress=bars, **writing)
    if json_:
        print_json(dict(result.facts))
    elif not quiet:
        lines = [*conditions(result.facts), str(result.folder / "compare.json")]
        print_tables([comparison_table(result.facts)], lines, width=WIDE)
