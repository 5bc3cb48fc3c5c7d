"""`hardneg report`: what a run did, for people; or what two runs do differently."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardneg.cli.places import on_disk, run_folder


def report(
    run: Annotated[
        Path,
        typer.Argument(parser=run_folder, help="A finished run directory, or one of hardneg compare."),
    ],
    other: Annotated[
        Path | None,
        typer.Argument(parser=run_folder, help="A second run, to show what it changes."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            parser=on_disk,
            help="The file to write; report.html in the run directory.",
        ),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="en or ru.")] = "en",
    figures: Annotated[
        Path | None,
        typer.Option("--figures", parser=on_disk, help="Also write each figure there, as SVG and PNG."),
    ] = None,
    examples: Annotated[int | None, typer.Option(help="Queries to show at most.", min=0)] = None,
) -> None:
    """Write the report of a run, of a comparison, or of what changes between two runs, as one HTML file."""
    from hardneg.core.stores import display_url
    from hardneg.report import COMPARISON, write_comparison, write_figures, write_report, write_versus
    from hardneg.runs.finished import collection_of

    if (run / COMPARISON).is_file():
        typer.echo(write_comparison(run, out, language=lang, figures=figures))
        return
    collection = collection_of(run)
    if collection is None:
        typer.echo("the source is not there or has changed: the report shows ids for texts", err=True)
    if other is None:
        written = write_report(run, collection, out, language=lang, limit=examples)
    else:
        target = out or run / f"report-{other.resolve().name}.html"
        written = write_versus((run, other), collection, target, language=lang, limit=examples)
    if figures is not None:
        write_figures(run, figures, language=lang)
    typer.echo(display_url(str(written)))
