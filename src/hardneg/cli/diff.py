"""`hardneg diff`: how the decisions of two runs differ."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hardneg.cli.shared import Json, Run, print_json


def diff(
    run: Run,
    other: Annotated[str, typer.Argument(help="Another run directory on the same collection, or its URL.")],
    json_: Json = False,
) -> None:
    """Show how the decisions of two runs differ.

    Counts the negatives that both runs chose, and the candidates with another decision, by reason.
    """
    from hardneg.api.places import run_folder
    from hardneg.runs.diff import compare, table

    with run_folder(run) as first, run_folder(other) as second:
        differences = compare(first, second)
    if json_:
        print_json(differences)
    else:
        Console().print(table(differences))
