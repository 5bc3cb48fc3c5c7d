"""`hardneg evaluate`: how well models rank."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hardneg.cli.places import on_disk
from hardneg.cli.shared import Quiet, Source, Strict, print_json, progress


def evaluate(
    source: Source,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="A model, or bm25, sparse:MODEL, cross-encoder:MODEL, ...; repeat."),
    ] = None,
    run: Annotated[list[str] | None, typer.Option("--run", help="A TREC run file; repeat.")] = None,
    split: Annotated[str, typer.Option(help="Which judgments to read.")] = "test",
    measure: Annotated[
        list[str] | None, typer.Option("--measure", help="nDCG@10, MRR@10, MAP, recall@100, ...; repeat.")
    ] = None,
    min_relevance: Annotated[int, typer.Option(help="The least relevance of a positive.")] = 1,
    strict: Strict = False,
    depth: Annotated[int, typer.Option(min=1, help="Documents a query.")] = 1000,
    pool: Annotated[str, typer.Option(help="What retrieves for a cross-encoder.")] = "bm25",
    pool_depth: Annotated[int, typer.Option(min=1, help="Documents that a cross-encoder scores.")] = 100,
    max_length: Annotated[int | None, typer.Option(min=1, help="Tokens after which texts are cut.")] = None,
    baseline: Annotated[str | None, typer.Option(help="What the others are compared with.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", parser=on_disk, help="Where values of each query are written."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the resampling.")] = 42,
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE of load.")] = None,
    quiet: Quiet = False,
    json_: Annotated[bool, typer.Option("--json", help="Print evaluation.json, and no table.")] = False,
) -> None:
    """Measure how well models, rankers or run files rank, and compare them."""
    from hardneg import evaluation as room
    from hardneg.cli.shared import load_options
    from hardneg.core.components import Context
    from hardneg.core.errors import ConfigError
    from hardneg.core.files import cache_folder
    from hardneg.evaluation.measures import DEFAULT, parse
    from hardneg.evaluation.output_files import save
    from hardneg.evaluation.result_tables import notes, tables
    from hardneg.evaluation.systems import distinct, run_file, run_model
    from hardneg.sources import load

    models, files = model or [], run or []
    if not models and not files:
        raise ConfigError("name what to evaluate: --model MODEL or --run FILE")
    measures = parse(measure) if measure else DEFAULT
    options = load_options(set_, split=split, min_relevance=min_relevance, strict=strict)
    names = distinct([*models, *(Path(file).name.split(".")[0] for file in files)])
    room.baseline_of(baseline, names)
    collection = load(source, options)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    read = [run_file(file, collection, name) for file, name in zip(files, names[len(models) :], strict=True)]
    with progress(quiet or json_) as bars:
        context = Context(cache_folder(), bars)
        runs = [
            run_model(
                one,
                collection,
                context,
                depth,
                pool=pool,
                pool_depth=pool_depth,
                max_length=max_length,
                name=name,
            )
            for one, name in zip(models, names, strict=False)
        ]
    found = room.evaluate(collection, [*runs, *read], measures, baseline=baseline, seed=seed)
    written = save(found, out) if out else []
    if json_:
        print_json(found.facts())
    elif not quiet:
        console = Console(stderr=True)
        for table in tables(found):
            console.print(table)
        for line in (*notes(found), *map(str, written)):
            console.print(line, soft_wrap=True, highlight=False)
