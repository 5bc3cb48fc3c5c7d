"""`hardneg export`: another trainer's format."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hardneg.cli.shared import Run, print_json


def export(
    run: Run,
    format_: Annotated[str, typer.Option("--format", help="The trainer's format.")],
    out: Annotated[str, typer.Option("-o", "--out", help="The main file to write, or its URL.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="OPTION=VALUE of the format.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write the training set of a run in another trainer's format."""
    from hardneg import api
    from hardneg.core.components import FORMATS
    from hardneg.core.settings import override

    name, options = FORMATS.parse(format_)
    override(options, set_ or ())
    written = api.export(run, FORMATS.make({name: options}), out)
    if json_:
        print_json(written)
        return
    notes = "".join(f", {count:,} {why.replace('_', ' ')}" for why, count in written["notes"].items())
    Console(stderr=True).print(f"{written['rows']:,} rows in {', '.join(written['files'])}{notes}")
