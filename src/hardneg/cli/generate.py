"""`hardneg generate`: queries and negatives written by a language model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import (
    LOAD,
    Json,
    Quiet,
    Source,
    load_options,
    on_disk,
    print_json,
    print_summary,
    progress,
    request_options,
)
from hardneg.core.errors import ConfigError


def generate(
    source: Source,
    settings: Annotated[Given, OptionsOf("hardneg.llm.generating:GenerateSettings", without=("options",))],
    load: Annotated[Given, OptionsOf(LOAD, "split", "corpus")],
    out: Annotated[
        Path | None,
        typer.Option(
            parser=on_disk, metavar="DIR", help="The folder to write. Required unless `--dry-run` is given."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask nothing; print the first prompt and the highest cost.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Field of the request, as in `max_tokens=2000`, or `load.KEY=VALUE` of the source.",
        ),
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Write queries for documents, or negatives for queries, by a language model.

    Queries are written for the documents that are no query's positive; with `--negatives`, negatives for the
    queries that have a positive. SOURCE may also be a folder with `corpus.jsonl` alone, or a file of
    documents. Needs the extra `judge`. See docs/generating.md.
    """
    from hardneg import api
    from hardneg.cli.console import generate_table
    from hardneg.llm.generating import dry_run as dry_run_of

    of_load = [given for given in set_ or () if given.startswith("load.")]
    of_request = [given for given in set_ or () if not given.startswith("load.")]
    if "kinds" in settings:
        settings["kinds"] = tuple(settings["kinds"].split(","))
    settings |= {"load": load_options(of_load, load), "options": request_options(of_request)}
    if dry_run:
        _print_dry_run(dry_run_of(source, **settings), json_)
        return
    if out is None:
        raise ConfigError("--out is missing: name the folder to write, or pass --dry-run")
    with progress(quiet or json_) as bars:
        summary = api.generate(source, out, progress=bars, **settings)
    print_summary(summary, generate_table, summary["asked"], summary["unit"], quiet, json_)


def _print_dry_run(costs: dict[str, Any], json_: bool) -> None:
    """Prints the prompt to standard output and the costs to standard error, or all as JSON."""
    if json_:
        print_json(costs)
        return
    typer.echo(costs["prompt"])
    shown = [f"{name.replace('_', ' ')}: {value:,}" for name, value in costs.items() if name != "prompt"]
    typer.echo(", ".join(shown), err=True)
