"""The command that cuts documents into chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    print_tables,
    progress,
)

if TYPE_CHECKING:
    from rich.table import Table

TOKENS = "TOKENS[:OVERLAP]"


def chunk(
    source: Source,
    out: Annotated[Path, typer.Option(parser=on_disk, metavar="DIR", help="The folder to write.")],
    tokens: Annotated[
        str,
        typer.Option(
            metavar=TOKENS,
            help="Most tokens of a chunk as the model reads it, its title, prompt and special tokens "
            "included, and of those that it repeats of the one before, as in 256:32.",
        ),
    ],
    settings: Annotated[Given, OptionsOf("hardneg.chunking:ChunkSettings", "model", "ranker", "positives")],
    load: Annotated[Given, OptionsOf(LOAD, "min_relevance", "corpus", "strict", column="columns")],
    split: Annotated[
        list[str] | None,
        typer.Option(
            help="Judgments to carry over. Default: all of a BEIR folder, else train. Repeat for several."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="load.KEY=VALUE", help="Setting of how the source is read."),
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Cut long documents into chunks, and carry judgments over to them.

    Chunks end where paragraphs or sentences do. Of a relevant document the best chunk is the positive, and
    the others are neither positive nor negative. The folder is a source for all other commands. SOURCE may
    also be documents alone. Needs the extra `chunk`. See docs/howto-chunks.md.
    """
    from hardneg import api

    with progress(quiet or json_) as bars:
        info = api.chunk(
            source,
            out,
            tokens=tokens,
            splits=split or (),
            load=load_options(set_, load),
            progress=bars,
            **settings,
        )
    if json_:
        print_json(info)
    elif not quiet:
        print_tables([_table(info)], [*_notes(info["facts"]), str(out)])


def _table(info: Mapping[str, Any]) -> Table:
    """Returns the table of `hardneg chunk`: documents, chunks, and what became of the judgments."""
    from rich.table import Table

    facts = info["facts"]
    table = Table(title=f"chunks of {info['name']}", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("documents", f"{facts['documents']:,}")
    longer = f"{facts['longer']:,} ({facts['longer'] / facts['documents']:.0%})"
    table.add_row(f"of more than {facts['tokens']:,} tokens", longer)
    table.add_row("text beyond them", f"{facts['beyond']:.0%}")
    table.add_row("chunks", f"{facts['chunks']:,}")
    for split, own in info["splits"].items():
        table.add_section()
        for name in ("queries", "relevant", "not_relevant"):
            table.add_row(f"{split}: {_SHOWN.get(name, name)}", f"{own[name]:,}")
        if cut := own["first"] + own["later"]:
            later = f"{own['later']:,} of {cut:,} ({own['later'] / cut:.0%})"
            table.add_row(f"{split}: best chunk is not the first", later)
        table.add_row(f"{split}: pairs that are neither", f"{own['neutral']:,}")
    return table


_SHOWN = {"relevant": "judged relevant", "not_relevant": "judged not relevant"}


def _notes(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yields what the user should know of the chunks, a line each."""
    if facts["max_length"] is not None and facts["tokens"] > facts["max_length"]:
        yield (
            f"note: {facts['model']} reads {facts['max_length']:,} tokens, and cuts longer chunks; "
            f"--tokens {facts['max_length']} gives none"
        )
    if facts["titles_cut"]:
        yield f"note: long titles, cut as the text is: {facts['titles_cut']:,}"
    if facts["chunks_over"]:
        yield f"note: chunks of a single character that has too many tokens: {facts['chunks_over']:,}"
    if facts["not_kept"]:
        yield f"note: columns not kept: {', '.join(facts['not_kept'])}"
    for name, count in facts["notes"].items():
        yield f"note: {name.replace('_', ' ')}: {count:,}"
