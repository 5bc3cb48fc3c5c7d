"""`hardneg doctor`: installed libraries, device, threads, memory and cache."""

from __future__ import annotations

from rich.console import Console

from hardneg.cli.shared import Json, print_json


def doctor(json_: Json = False) -> None:
    """Print installed libraries, device, memory and cache.

    Missing extras are shown with what they add, and the precision `auto` with the reason for it. Exits with 0
    whatever is missing.
    """
    from hardneg.cli.environment import inspect_environment

    environment = inspect_environment()
    if json_:
        print_json(environment)
        return
    from hardneg.cli.console import environment_tables

    console = Console()
    for table in environment_tables(environment):
        console.print(table)
