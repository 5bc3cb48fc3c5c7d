"""The command line: one short function a command; it parses, calls the library and formats."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from hardneg.errors import HardnegError
from hardneg.progress import Progress, Silent

_STOPPED = 130  # the exit code after Ctrl-C

app = typer.Typer(
    help="Hard negatives for contrastive training, every decision on record.",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Source = Annotated[
    str, typer.Argument(help="A BEIR folder, a pairs file, ir:ID, hf:ID, or stdlib (built in).")
]
Run = Annotated[Path, typer.Argument(help="A finished run directory.")]
Out = Annotated[Path, typer.Option("--out", help="The run directory to write; an interrupted run goes on.")]
RecipeName = Annotated[str, typer.Option("--recipe", help="A named recipe, or a YAML file.")]
Rankers = Annotated[
    list[str] | None,
    typer.Option("--ranker", help="bm25, bm25:russian, dense:MODEL, run:FILE, ...; repeat for several."),
]
Negatives = Annotated[int | None, typer.Option("--negatives", help="Negatives a query.")]
FormatName = Annotated[str | None, typer.Option("--format", help="The trainer's format.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Of all random draws.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, as in select.max_uses=10.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print run.json to standard output, and no table.")]


@app.callback()
def _whole(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(importlib.metadata.version("hardneg"))
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def mine(
    source: Source,
    out: Out,
    recipe: RecipeName = "default",
    ranker: Rankers = None,
    negatives: Negatives = None,
    format_: FormatName = None,
    split: Annotated[str | None, typer.Option(help="Which judgments to read.")] = None,
    corpus: Annotated[str | None, typer.Option(help="More documents than a pairs file holds.")] = None,
    seed: Seed = None,
    set_: Set = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Turn queries, a corpus and judgments into a training set with hard negatives."""
    from hardneg import pipeline
    from hardneg.recipe import Recipe

    chosen = Recipe.named(
        recipe,
        set_ or (),
        rank__rankers=ranker or None,
        select__negatives=negatives,
        format=format_,
        load__split=split,
        load__corpus=corpus,
        seed=seed,
    )
    with _progress(quiet or json_) as progress:
        result = pipeline.mine(source, chosen, out, progress=progress)
    _report(result, quiet, json_)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="The run directory to write.")] = Path("hardneg-demo"),
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Mine the built-in collection, the Python standard library; no network is needed.

    The dense model reads the first 64 tokens of each document, which is quicker on a CPU.
    """
    from hardneg import pipeline
    from hardneg.recipe import Recipe

    recipe = Recipe.named("default", ["rank.rankers.dense.max_length=64"])
    with _progress(quiet or json_) as progress:
        result = pipeline.mine("stdlib", recipe, out, progress=progress)
    _report(result, quiet, json_)
    if not (quiet or json_):
        from hardneg.console import examples

        Console(stderr=True).print(examples(result.training_set, 3))


@app.command()
def select(
    run: Run,
    out: Out,
    recipe: RecipeName,
    negatives: Negatives = None,
    format_: FormatName = None,
    seed: Seed = None,
    set_: Set = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Decide again from the candidates of a run; nothing is encoded again."""
    from hardneg import pipeline
    from hardneg.recipe import Recipe
    from hardneg.run import RunFolder

    chosen = Recipe.named(
        recipe,
        set_ or (),
        ranked_by=RunFolder(run).read()["recipe"],
        select__negatives=negatives,
        format=format_,
        seed=seed,
    )
    with _progress(quiet or json_) as progress:
        result = pipeline.select(run, chosen, out, progress=progress)
    _report(result, quiet, json_)


@app.command()
def export(
    run: Run,
    format_: Annotated[str, typer.Option("--format", help="The trainer's format.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The main file to write.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="OPTION=VALUE of the format.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write the training set of a run in another trainer's format."""
    from hardneg import pipeline
    from hardneg.export import FORMATS
    from hardneg.recipe import override

    name, options = FORMATS.parse(format_)
    override(options, set_ or ())
    written = pipeline.export(run, FORMATS.make({name: options}), out)
    if json_:
        _print_json(written)
        return
    notes = "".join(f", {count:,} {why.replace('_', ' ')}" for why, count in written["notes"].items())
    Console(stderr=True).print(f"{written['rows']:,} rows in {', '.join(written['files'])}{notes}")


@app.command()
def diff(
    run: Run,
    other: Annotated[Path, typer.Argument(help="Another run directory on the same queries.")],
    json_: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
) -> None:
    """Show how the decisions of two runs differ, and by which reasons."""
    from hardneg.diff import compare, table

    found = compare(run, other)
    if json_:
        _print_json(found)
    else:
        Console().print(table(found))


def main() -> None:
    """Runs the command line: exit 0 when done, 2 on a usage or data error told in one line."""
    try:
        if app(standalone_mode=False) == _STOPPED:
            raise KeyboardInterrupt
    except HardnegError as error:
        _fail(str(error))
    except (typer.Abort, KeyboardInterrupt):
        _fail("stopped; the same command goes on where this one ended", _STOPPED)
    except Exception as error:  # usage errors have many classes, of click or of typer's copy of it
        if not hasattr(error, "format_message"):
            raise
        _fail(f"{error.format_message().rstrip('.')}. See hardneg --help.")


def _fail(message: str, code: int = 2) -> None:
    typer.echo(f"hardneg: {' '.join(message.split())}", err=True)
    sys.exit(code)


@contextmanager
def _progress(silent: bool) -> Iterator[Progress]:
    if silent:
        yield Silent()
        return
    from hardneg.console import Bars

    with Bars() as drawn:
        yield drawn


def _report(result: Any, quiet: bool, json_: bool) -> None:
    if json_:
        _print_json(result.run)
    elif not quiet:
        from hardneg.console import summary

        console = Console(stderr=True)
        console.print(summary(result.run))
        for file in (*result.run["export"]["files"], "ledger", "run.json", "README.md"):
            console.print(str(result.folder / file), soft_wrap=True, highlight=False)


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
