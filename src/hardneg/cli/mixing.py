"""The command that mixes runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import Json, Quiet, on_disk, print_json, print_tables, progress
from hardneg.core.display import counted

if TYPE_CHECKING:
    from rich.table import Table


def mix(
    runs: Annotated[
        list[str], typer.Argument(help="Finished run directories, or one YAML file that lists them.")
    ],
    out: Annotated[Path, typer.Option(parser=on_disk, metavar="DIR", help="The folder to write.")],
    settings: Annotated[
        Given,
        OptionsOf(
            "hardneg.mixing:MixSettings",
            *("batches", "batch_size", "size", "temperature", "negatives", "near_copy", "masks", "seed"),
            holdout="holdout",
            holdout_split="holdout_split",
        ),
    ],
    writing: Annotated[Given, OptionsOf("hardneg.api:mix", "report")],
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="NAME", help="The trainer's format. Default: jsonl.", show_default=False
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help='Setting of a run, by its place, as in `parts.0.prompt="query: "`. Repeat for several.',
        ),
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Mix the training sets of several runs into one, in batches.

    In a batch no document is a known or suspected positive of another row's query. Queries of evaluation sets
    and of earlier runs are left out. See docs/mixing.md.
    """
    from hardneg import api
    from hardneg.core.settings import override
    from hardneg.mixing import read_mixture

    of_file = len(runs) == 1 and runs[0].endswith((".yaml", ".yml"))
    given = read_mixture(Path(runs[0])) if of_file else {"parts": [{"run": run} for run in runs]}
    given |= settings | ({"format": format_} if format_ else {})
    override(given, set_ or ())
    with progress(quiet or json_) as bars:
        runs_given = [part["run"] for part in given["parts"]]
        info = api.mix(runs_given, out, given, progress=bars, **writing)
    if json_:
        print_json(info)
    elif not quiet:
        batches = f"{info['batches']['count']:,} batches of {counted(info['batches']['size'], 'row')}"
        masks = [info["batches"]["masks"]] if "masks" in info["batches"] else []
        files = ", ".join(str(out / name) for name in (*info["export"]["files"], *masks))
        lost = "" if info["batches"]["kept"] else "; the format has other rows, so the batches are lost in it"
        print_tables([_table(info)], [f"{batches} in {files}{lost}"])


def _table(info: dict[str, Any]) -> Table:
    """Returns the table of `hardneg mix`: the runs, their rows and shares, what was left out."""
    from rich.table import Table

    table = Table(title=counted(info["rows"], "row"))
    for name in ("run", "rows found", "used", "with repeats", "share", "left out"):
        table.add_column(name, justify="left" if name in ("run", "left out") else "right", overflow="fold")
    for part in info["parts"]:
        left_out = [f"{count:,} {reason.replace('_', ' ')}" for reason, count in part["left_out"].items()]
        numbers = [f"{part[name]:,}" for name in ("rows_found", "distinct_rows", "rows")]
        table.add_row(part["name"], *numbers, f"{part['share']:.1%}", ", ".join(left_out))
    return table
