"""`hardneg export`: a training set in another trainer's format."""

from __future__ import annotations

from typing import Annotated

import typer

from hardneg.cli.shared import Json, Run, print_json, print_tables


def export(
    run: Run,
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help="The trainer's format.")],
    out: Annotated[
        str, typer.Option("-o", "--out", metavar="FILE", help="The file to write or replace, or its URL.")
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help='Option of the format, as in `prompt="query: "`.'),
    ] = None,
    json_: Json = False,
) -> None:
    """Write the training set of a run in another trainer's format.

    The source must be where it was: the ledger holds ids, not texts. See docs/formats.md.
    """
    from hardneg import api
    from hardneg.core.components import FORMATS
    from hardneg.core.settings import override

    name, options = FORMATS.parse(format_)
    override(options, set_ or ())
    written = api.export(run, {name: options}, out)
    if json_:
        print_json(written)
        return
    notes = "".join(f", {count:,} {note.replace('_', ' ')}" for note, count in written["notes"].items())
    replaced = f" (replaced: {', '.join(written['replaced'])})" if written["replaced"] else ""
    print_tables([], [f"{written['rows']:,} rows in {', '.join(written['files'])}{replaced}{notes}"])
