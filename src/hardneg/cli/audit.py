"""`hardneg audit`: how many negatives are false."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from hardneg.cli.places import is_run, run_or_source
from hardneg.cli.shared import Page, Quiet, Strict, print_json, progress

if TYPE_CHECKING:
    from hardneg.core.records import Collection


def audit(
    run: Annotated[str, typer.Argument(help="A finished run directory, or a source to mine first.")],
    target_fnr: Annotated[
        float | None,
        typer.Option(help="Find the threshold that reaches this rate with the hardest negatives."),
    ] = None,
    max_fnr: Annotated[float | None, typer.Option(help="Exit with 1 if the rate is higher.")] = None,
    method: Annotated[
        str | None,
        typer.Option(help="judged_sample, hidden_positives or calibrated; by default the best there is."),
    ] = None,
    hide: Annotated[float, typer.Option(help="Share of the positives that hidden_positives hides.")] = 0.5,
    sample: Annotated[
        int | None,
        typer.Option(help="Draw so many negatives to be judged, into audit_sample.jsonl, and stop."),
    ] = None,
    recipe: Annotated[str, typer.Option(help="By which to mine a source.")] = "default",
    split: Annotated[str | None, typer.Option(help="Which judgments of a source to read.")] = None,
    strict: Strict = False,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 42,
    page: Page = True,
    quiet: Quiet = False,
    json_: Annotated[bool, typer.Option("--json", help="Print audit.json, and no table.")] = False,
) -> None:
    """Measure the false-negative rate of a run, with its interval."""
    with tempfile.TemporaryDirectory(prefix="hardneg-audit-") as out, progress(quiet or json_) as bars:
        folder, collection = _mined(run, recipe, split, strict, Path(out) / "run", bars)
        if sample is not None:
            _draw(folder, collection, sample, seed, bars)
            return
        from hardneg import api

        told = api.audit(
            folder,
            method=method,
            target=target_fnr,
            share=hide,
            collection=collection,
            report=page and folder != Path(out) / "run",
            progress=bars,
        )
    if json_:
        print_json(told)
    elif not quiet:
        from hardneg.cli.console import audited

        Console(stderr=True).print(audited(told))
        if "judged_sample" not in told["estimates"] and folder != Path(out) / "run":
            typer.echo(f"to measure by judgments: hardneg review {run}, then audit again", err=True)
    missed = told["target"] is not None and told["target"]["threshold"] is None
    if missed or (max_fnr is not None and told["rate"] > max_fnr):
        raise typer.Exit(1)


def _mined(
    run: str, recipe: str, split: str | None, strict: bool, out: Path, bars: Any
) -> tuple[Path, Collection | None]:
    """Returns the run directory named, or one mined from the source named and what that holds."""
    place = run_or_source(run, bars)
    if is_run(place):
        return place, None
    from hardneg.core.stores import is_url
    from hardneg.mining.pipeline import mine_loaded
    from hardneg.mining.recipe import Recipe
    from hardneg.runs.directory import Clock
    from hardneg.sources import load

    chosen, clock = Recipe.named(recipe, split=split, strict=strict or None), Clock()
    with clock.stage("load"):
        collection = load(str(place) if is_url(run) else run, chosen.load)
    return mine_loaded(run, collection, chosen, out, clock, progress=bars).directory, collection


def _draw(folder: Path, collection: Collection | None, size: int, seed: int, bars: Any) -> None:
    from hardneg.auditing import draw_sample
    from hardneg.core.stores import display_url

    count = draw_sample(folder, size, seed, collection=collection, progress=bars)
    drawn = display_url(str(folder / "audit_sample.jsonl"))
    Console(stderr=True).print(
        f"{count} negatives drawn into {drawn}; judge them with hardneg review or hardneg judge, "
        "then audit again"
    )
