"""`hardneg audit`: the false-negative rate of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import RECIPE, Json, Quiet, print_json, print_tables, progress

if TYPE_CHECKING:
    from hardneg.core.progress import Progress


def audit(
    run: Annotated[str, typer.Argument(help="A finished run directory, or a source to mine first.")],
    settings: Annotated[
        Given, OptionsOf("hardneg.api:audit", "method", "report", target_fnr="target", hide="share")
    ],
    drawing: Annotated[Given, OptionsOf("hardneg.auditing:draw_sample", "seed")],
    recipe: Annotated[
        Given, OptionsOf(RECIPE, "split", "strict", unset="the recipe's", **{"recipe": "name"})
    ],
    max_fnr: Annotated[
        float | None, typer.Option(metavar="X", help="Exit with 1 if the rate is higher, 0.05 = 5 %.")
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", help="Draw N negatives to be judged into `audit_sample.jsonl`, and stop."),
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Measure the false-negative rate of a run, with its interval.

    The audit is written to `audit.json` of the run. A source is mined first, in memory. Exits
    with 1 if the rate is above `--max-fnr`, or if no threshold reaches `--target-fnr`. See docs/auditing.md.
    """
    from hardneg import api
    from hardneg.cli.console import audit_table
    from hardneg.mining.recipe import Recipe
    from hardneg.sources import local

    with progress(quiet or json_) as bars:
        place = local(run, bars)
        is_run = (Path(place) / "run.json").exists()
        if sample is not None:
            _draw(run, is_run, sample, drawing, bars)
            return
        audited = run if is_run else api.mine(place, Recipe.named(**recipe), progress=bars)
        summary = api.audit(audited, progress=bars, **settings)
    if json_:
        print_json(summary)
    elif not quiet:
        lines = [f"to measure by judgments: hardneg review {run}, then audit again"]
        print_tables(
            [audit_table(summary)], lines if is_run and "judged_sample" not in summary["estimates"] else ()
        )
    missed = summary["target"] is not None and summary["target"]["threshold"] is None
    if missed or (max_fnr is not None and summary["rate"] > max_fnr):
        raise typer.Exit(1)


def _draw(run: str, is_run: bool, size: int, settings: Given, bars: Progress) -> None:
    """Draws negatives to be judged and prints where they are."""
    from hardneg.api.places import run_folder
    from hardneg.auditing import draw_sample
    from hardneg.core.errors import ConfigError

    if not is_run:
        raise ConfigError(f"{run} is no run directory, into which --sample writes; hardneg mine writes one")
    with run_folder(run, bars, changes=True) as folder:
        count = draw_sample(folder, size, progress=bars, **settings)
        line = (
            f"{count} negatives drawn into {folder / 'audit_sample.jsonl'}; judge them with hardneg review "
        )
        print_tables([], [f"{line}or hardneg judge, then audit again"])
