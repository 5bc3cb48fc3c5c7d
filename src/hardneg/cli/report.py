"""`hardneg report`: a run, a comparison, or the differences of two runs, as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.places import on_disk, run_folder


def report(
    run: Annotated[
        Path, typer.Argument(parser=run_folder, help="A finished run directory, or one of `hardneg compare`.")
    ],
    settings: Annotated[Given, OptionsOf("hardneg.report:write_report", lang="language", examples="limit")],
    other: Annotated[
        Path | None,
        typer.Argument(parser=run_folder, help="A second run, to show what it decides differently."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            parser=on_disk,
            metavar="FILE",
            help="The file to write. Default: report.html, for two runs report-OTHER.html, in the first.",
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(parser=on_disk, metavar="DIR", help="Also write each figure to DIR, as SVG and PNG."),
    ] = None,
) -> None:
    """Write the report of a run, of a comparison, or of two runs.

    The report is one HTML file. Without the source, it shows ids instead of texts. See docs/report.md.
    """
    from hardneg.core.stores import display_url
    from hardneg.report import COMPARISON, write_comparison, write_figures, write_report, write_versus
    from hardneg.runs.finished import collection_of

    language = {name: value for name, value in settings.items() if name == "language"}
    if (run / COMPARISON).is_file():
        typer.echo(write_comparison(run, out, figures=figures, **language))
        return
    collection = collection_of(run)
    if collection is None:
        typer.echo("the source is missing or has changed: the report shows ids instead of texts", err=True)
    if other is None:
        written = write_report(run, collection, out, **settings)
    else:
        target = out or run / f"report-{other.resolve().name}.html"
        written = write_versus((run, other), collection, target, **settings)
    if figures is not None:
        write_figures(run, figures, **language)
    typer.echo(display_url(str(written)))
