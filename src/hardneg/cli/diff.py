"""`hardneg diff`: how the decisions of two runs differ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hardneg.cli.places import run_folder
from hardneg.cli.shared import Json, Run, print_json


def diff(
    run: Run,
    other: Annotated[
        Path, typer.Argument(parser=run_folder, help="Another run directory on the same collection.")
    ],
    json_: Json = False,
) -> None:
    """Show how the decisions of two runs differ.

    Counts the negatives that both runs chose, and the candidates with another decision, by reason.
    """
    from hardneg.runs.diff import compare, table

    differences = compare(run, other)
    if json_:
        print_json(differences)
    else:
        Console().print(table(differences))
