"""What commands share: options of one meaning everywhere, progress, and how results are printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from hardneg.cli.places import run_folder
from hardneg.core.progress import NullProgress, Progress

if TYPE_CHECKING:
    from hardneg.sources import LoadOptions

Source = Annotated[
    str,
    typer.Argument(help="A BEIR folder, a pairs file, the URL of one, ir:ID, hf:ID, mteb:TASK, or stdlib."),
]
Run = Annotated[Path, typer.Argument(parser=run_folder, help="A finished run directory, or its URL.")]
Out = Annotated[
    str, typer.Option("--out", help="The run directory to write, or its URL; an interrupted run goes on.")
]
RecipeName = Annotated[str, typer.Option("--recipe", help="A named recipe, or a YAML file.")]
Rankers = Annotated[
    list[str] | None,
    typer.Option("--ranker", help="bm25, bm25:russian, dense:MODEL, run:FILE, ...; repeat for several."),
]
Negatives = Annotated[int | None, typer.Option("--negatives", help="Negatives a query.")]
FormatName = Annotated[str | None, typer.Option("--format", help="The trainer's format.")]
EngineName = Annotated[
    str | None, typer.Option("--engine", help="Where the work runs: local, ray or ray:ADDRESS.")
]
Page = Annotated[bool, typer.Option("--report/--no-report", help="Write report.html into the run directory.")]
Strict = Annotated[bool, typer.Option("--strict", help="Whatever loading would skip or merge is an error.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Of all random draws.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, as in select.max_uses=10.")]
Judgments = Annotated[
    Path | None,
    typer.Option(
        "--judgments", help="Verdicts of people and models, as hardneg review and judge write them."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print run.json to standard output, and no table.")]
EndpointUrl = Annotated[str, typer.Option("--endpoint", help="As http://localhost:8000/v1.")]
ModelName = Annotated[str, typer.Option("--model", help="The model's name there.")]
KeyEnv = Annotated[str | None, typer.Option("--key-env", help="The variable with the key.")]
Concurrency = Annotated[int, typer.Option("--concurrency", help="Requests at one time.")]
MaxRequests = Annotated[int | None, typer.Option("--max-requests", help="Send no more.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", help="Spend no more.")]
Timeout = Annotated[float, typer.Option("--timeout", help="Seconds a request.")]
Retries = Annotated[int, typer.Option("--retries", help="How often a request is repeated.")]
MaxCharacters = Annotated[int, typer.Option("--max-characters", help="Where longer documents are cut.")]
RequestFields = Annotated[
    list[str] | None, typer.Option("--set", help="FIELD=VALUE of the request, as in max_tokens=2000.")
]
JsonSummary = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


def request_options(overrides: list[str] | None) -> dict[str, Any]:
    """Returns the fields of a request that `--set FIELD=VALUE` changes.

    Raises:
        ConfigError: One is not written so.
    """
    from hardneg.core.settings import override

    options: dict[str, Any] = {}
    override(options, overrides or ())
    return options


def told(
    summary: dict[str, Any], table: Callable[[Any], Any], asked: int, unit: str, quiet: bool, json_: bool
) -> None:
    """Prints what came of asking a model: its table, JSON, or nothing.

    Args:
        summary: What came of it.
        table: Draws it.
        asked: How much was asked about.
        unit: What that is.
        quiet: Whether nothing is printed.
        json_: Whether JSON is.

    Raises:
        DataError: Some got no answer.
    """
    if json_:
        print_json(summary)
    elif not quiet:
        Console(stderr=True).print(table(summary))
    if summary["failed"]:
        from hardneg.core.errors import DataError

        raise DataError(
            f"{summary['failed']:,} of {asked:,} {unit} got no answer, the last one: "
            f"{summary['last_problem']}; the same command asks for them again"
        )


def load_options(overrides: list[str] | None, **flags: Any) -> LoadOptions:
    """Returns how a source is read, changed by `--set load.KEY=VALUE`.

    Raises:
        ConfigError: A setting is not one of `load`, or its value is out of range.
    """
    from pydantic import ValidationError

    from hardneg.core.errors import ConfigError
    from hardneg.core.registry import first_problem
    from hardneg.core.settings import override
    from hardneg.sources import LoadOptions

    settings: dict[str, Any] = {"load": flags}
    override(settings, overrides or ())
    if len(settings) > 1:
        raise ConfigError(f'setting "{next(iter(set(settings) - {"load"}))}": only load.KEY=VALUE goes here')
    try:
        return LoadOptions(**settings["load"])
    except ValidationError as error:
        raise ConfigError(f"load.{first_problem(error)}") from None


@contextmanager
def progress(silent: bool) -> Iterator[Progress]:
    """Yields who draws the bars; nobody if `silent`."""
    if silent:
        yield NullProgress()
        return
    from hardneg.cli.console import Bars

    with Bars() as drawn:
        yield drawn


def report(result: Any, quiet: bool, json_: bool) -> None:
    """Prints what a finished run is: a table, run.json, or nothing."""
    if json_:
        print_json(result.info)
    elif not quiet:
        from hardneg.cli.console import summary
        from hardneg.core.stores import display_url

        console = Console(stderr=True)
        console.print(summary(result.info))
        for file in (*result.info["export"]["files"], "ledger", "run.json", "README.md", "report.html"):
            if not (result.folder / file).exists():
                continue
            console.print(display_url(str(result.folder / file)), soft_wrap=True, highlight=False)


def print_json(content: Any) -> None:
    """Prints JSON to standard output."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
