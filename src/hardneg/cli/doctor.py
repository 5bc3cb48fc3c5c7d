"""`hardneg doctor`: what is here to work with."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hardneg.cli.shared import print_json


def doctor(
    json_: Annotated[bool, typer.Option("--json", help="Print it as JSON, and no tables.")] = False,
) -> None:
    """Print what is installed, what is missing, and what models and the cache have to work with."""
    from hardneg.cli.environment import examine

    found = examine()
    if json_:
        print_json(found)
        return
    from hardneg.cli.console import surroundings

    console = Console()
    for table in surroundings(found):
        console.print(table)
