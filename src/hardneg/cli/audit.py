"""`hardneg audit`: the false-negative rate of a run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.places import is_run, run_or_source
from hardneg.cli.shared import RECIPE, Json, Quiet, print_json, print_tables, progress

if TYPE_CHECKING:
    from hardneg.core.progress import Progress
    from hardneg.core.records import Collection


def audit(
    run: Annotated[str, typer.Argument(help="A finished run directory, or a source to mine first.")],
    settings: Annotated[
        Given, OptionsOf("hardneg.auditing:audit", "method", target_fnr="target", hide="share")
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

    The audit is written to `audit.json` of the run. A source is mined first, in a temporary folder. Exits
    with 1 if the rate is above `--max-fnr`, or if no threshold reaches `--target-fnr`. See docs/auditing.md.
    """
    from hardneg import auditing
    from hardneg.cli.console import audit_table

    with tempfile.TemporaryDirectory(prefix="hardneg-audit-") as out, progress(quiet or json_) as bars:
        folder, collection = _mined(run, recipe, Path(out) / "run", bars)
        if sample is not None:
            _draw(folder, collection, sample, drawing, bars)
            return
        found = auditing.audit(folder, collection=collection, progress=bars, **settings)
    if json_:
        print_json(found)
    elif not quiet:
        lines = []
        if "judged_sample" not in found["estimates"] and folder != Path(out) / "run":
            lines.append(f"to measure by judgments: hardneg review {run}, then audit again")
        print_tables([audit_table(found)], lines)
    missed = found["target"] is not None and found["target"]["threshold"] is None
    if missed or (max_fnr is not None and found["rate"] > max_fnr):
        raise typer.Exit(1)


def _mined(run: str, changes: Given, out: Path, bars: Progress) -> tuple[Path, Collection | None]:
    """Returns a run directory as it is, or one mined from a source, with the source's collection."""
    place = run_or_source(run, bars)
    if is_run(place):
        return place, None
    from hardneg.core.stores import is_url
    from hardneg.mining.pipeline import mine_loaded
    from hardneg.mining.recipe import Recipe
    from hardneg.runs.directory import Clock
    from hardneg.sources import load

    recipe, clock = Recipe.named(**changes), Clock()
    with clock.stage("load"):
        collection = load(str(place) if is_url(run) else run, recipe.load)
    return mine_loaded(run, collection, recipe, out, clock, progress=bars).folder, collection


def _draw(folder: Path, collection: Collection | None, size: int, settings: Given, bars: Progress) -> None:
    from hardneg.auditing import draw_sample

    count = draw_sample(folder, size, collection=collection, progress=bars, **settings)
    line = f"{count} negatives drawn into {folder / 'audit_sample.jsonl'}; judge them with hardneg review or "
    print_tables([], [f"{line}hardneg judge, then audit again"])
