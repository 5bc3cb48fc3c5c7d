"""`hardneg report`: a run, a comparison, or the differences of two runs, as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import on_disk


def report(
    run: Annotated[
        str, typer.Argument(help="A finished run directory, or one of `hardneg compare`; or its URL.")
    ],
    settings: Annotated[
        Given, OptionsOf("hardneg.api:write_report", least={"examples": 0}, lang="language", examples="limit")
    ],
    other: Annotated[
        str | None, typer.Argument(help="A second run, to show what it decides differently.")
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
    from hardneg import api
    from hardneg.core.stores import display_url

    typer.echo(display_url(str(api.write_report(run, out, other=other, figures=figures, **settings))))
