"""What commands share: options of one meaning everywhere, progress bars, and how results are printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hardneg.cli.terminal import Terminal, echo_json
from hardneg.core.progress import NullProgress, Progress

if TYPE_CHECKING:
    from hardneg.sources import LoadOptions

RECIPE = "hardneg.mining.recipe:Recipe.named"
LOAD = "hardneg.sources:LoadOptions"
TRAINING = "hardneg.training:TrainSettings"

Source = Annotated[
    str,
    typer.Argument(
        help="A BEIR or TREC folder, a pairs file, the URL of one, ir:ID, hf:ID, mteb:TASK, classes:FILE, "
        "sts:FILE, or stdlib."
    ),
]
Run = Annotated[str, typer.Argument(help="A finished run directory, or its URL.")]
Out = Annotated[
    str,
    typer.Option(
        "--out", metavar="DIR", help="The run directory to write, or its URL; an interrupted run is resumed."
    ),
]
RecipeName = Annotated[str, typer.Option("--recipe", metavar="NAME", help="A named recipe, or a YAML file.")]
MaxLost = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        help="Exit with 1 if a greater share of the queries is left without a negative; 0.5 = 50 %.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON to standard output, and no table.")]


def on_disk(path: str | Path) -> Path:
    """Returns the path of an output that cannot be a URL."""
    from hardneg.core.errors import ConfigError
    from hardneg.core.stores import is_url

    if is_url(path):
        raise ConfigError(f"{path} is in a store; a path on a disk is needed")
    return Path(path)


def request_options(overrides: list[str] | None) -> dict[str, Any]:
    """Returns the fields of a request that `--set FIELD=VALUE` changes."""
    from hardneg.core.settings import override

    options: dict[str, Any] = {}
    override(options, overrides or ())
    return options


def load_options(overrides: list[str] | None, load: Mapping[str, Any]) -> LoadOptions:
    """Returns how a source is read: the options given, changed by `--set load.KEY=VALUE`."""
    from pydantic import ValidationError

    from hardneg.core.errors import ConfigError
    from hardneg.core.registry import first_problem
    from hardneg.core.settings import override
    from hardneg.sources import LoadOptions

    settings: dict[str, Any] = {"load": dict(load)}
    override(settings, overrides or ())
    if len(settings) > 1:
        raise ConfigError(f'setting "{next(iter(set(settings) - {"load"}))}": only load.KEY=VALUE goes here')
    try:
        return LoadOptions(**settings["load"])
    except ValidationError as error:
        raise ConfigError(f"load.{first_problem(error)}") from None


@contextmanager
def progress(silent: bool) -> Iterator[Progress]:
    """Yields the progress: bars on a terminal, else lines; nothing if `silent`."""
    if silent:
        yield NullProgress()
        return
    from hardneg.cli.progress import Bars, Lines

    with Bars() if Terminal(stderr=True).is_terminal else Lines() as shown:
        yield shown


def print_result(result: Any, quiet: bool, json_: bool, max_lost: float | None = None) -> None:
    """Prints a finished run: warnings, a table and its files, run.json, or nothing.

    Exits with 1 if the share of the queries without a negative is above the limit.
    """
    if json_:
        print_json(dict(result.info))
    elif not quiet:
        from hardneg.cli.console import run_table

        files = (*result.info["export"]["files"], "ledger", "run.json", "README.md", "report.html")
        paths = [result.folder / file for file in files]
        for warning in result.info["warnings"]:
            print_tables([], [f"warning: {warning['text']}"])
        print_tables([run_table(result.info)], [str(path) for path in paths if path.exists()])
        print_left_out(result.info["export"])
    lost, queries = result.info["lost_queries"], result.info["counts"].get("queries", 0)
    if max_lost is not None and lost > max_lost * queries:
        text = f"{lost:,} of {queries:,} queries are left without a negative, over the limit of {max_lost:g}"
        typer.echo(f"hardneg: {text}", err=True)
        raise typer.Exit(1)


def print_left_out(export: Mapping[str, Any]) -> None:
    """Prints that an export's format has no place for weights or prompts, where there are some."""
    from hardneg.exporters.weights import left_out_notes

    for note in left_out_notes(export):
        print_tables([], [f"note: {note}"])


def print_summary(
    summary: dict[str, Any], table: Callable[[Any], Any], asked: int, unit: str, quiet: bool, json_: bool
) -> None:
    """Prints the summary of a language model's work: its table, JSON, or nothing."""
    if json_:
        print_json(summary)
    elif not quiet:
        print_tables([table(summary)])
    if summary["failed"]:
        from hardneg.core.errors import DataError

        raise DataError(
            f"{summary['failed']:,} of {asked:,} {unit} got no answer, the last one: "
            f"{summary['last_problem']}; the same command asks for them again"
        )


def print_tables(tables: Iterable[Any], lines: Iterable[str] = (), width: int = 0) -> None:
    """Prints tables and then lines, as of files written, to standard error."""
    from hardneg.core.stores import display_url

    to = Terminal(stderr=True)
    to.width = max(to.width, width)
    for table in tables:
        to.print(table)
    for line in lines:
        to.print(display_url(line), soft_wrap=True, highlight=False)


def print_json(content: Any) -> None:
    """Prints JSON to standard output."""
    echo_json(content)
