"""`hardneg diff`: how two runs decided."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hardneg.cli.places import run_folder
from hardneg.cli.shared import Run, print_json


def diff(
    run: Run,
    other: Annotated[
        Path,
        typer.Argument(parser=run_folder, help="Another run directory on the same queries."),
    ],
    json_: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
) -> None:
    """Show how the decisions of two runs differ, and by which reasons."""
    from hardneg.runs.diff import compare, table

    found = compare(run, other)
    if json_:
        print_json(found)
    else:
        Console().print(table(found))
