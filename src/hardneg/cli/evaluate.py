"""`hardneg evaluate`: how well models rank."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.places import on_disk
from hardneg.cli.shared import LOAD, Json, Quiet, Source, load_options, print_json, print_tables, progress


def evaluate(
    source: Source,
    load: Annotated[Given, OptionsOf(LOAD, "min_relevance", "strict")],
    searching: Annotated[
        Given, OptionsOf("hardneg.evaluation.systems:run_model", "pool", "pool_depth", "max_length")
    ],
    testing: Annotated[Given, OptionsOf("hardneg.evaluation:evaluate", "baseline", "seed")],
    model: Annotated[
        list[str] | None,
        typer.Option(help="A model, or a ranker as `bm25` or `sparse:MODEL`. Repeat for several."),
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="A TREC run file. Repeat for several.")
    ] = None,
    split: Annotated[str, typer.Option(help="Judgments to read.")] = "test",
    measure: Annotated[
        list[str] | None,
        typer.Option(help="Measure, as `nDCG@10`, `MAP` or `recall@100`. Repeat for several."),
    ] = None,
    depth: Annotated[int, typer.Option(min=1, metavar="N", help="Documents per query.")] = 1000,
    out: Annotated[
        Path | None,
        typer.Option(parser=on_disk, metavar="DIR", help="Folder for summary, values per query and runs."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="load.KEY=VALUE", help="Option of loading.")
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Measure how well models, rankers or run files rank.

    Systems are compared with the baseline by paired tests. Needs the extra `evaluate`. See
    docs/evaluation.md.
    """
    from hardneg import evaluation
    from hardneg.core.components import Context
    from hardneg.core.errors import ConfigError
    from hardneg.core.files import cache_folder
    from hardneg.evaluation.measures import DEFAULT, parse
    from hardneg.evaluation.store import save
    from hardneg.evaluation.systems import distinct, run_file, run_model
    from hardneg.evaluation.table import notes, tables
    from hardneg.sources import load as load_source

    models, files = model or [], run or []
    if not models and not files:
        raise ConfigError("name what to evaluate: --model MODEL or --run FILE")
    measures = parse(measure) if measure else DEFAULT
    names = distinct([*models, *(Path(file).name.split(".")[0] for file in files)])
    evaluation.baseline_of(testing.get("baseline"), names)
    collection = load_source(source, load_options(set_, {"split": split, **load}))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    read = [run_file(file, collection, name) for file, name in zip(files, names[len(models) :], strict=True)]
    with progress(quiet or json_) as bars:
        context = Context(cache_folder(), bars)
        runs = [
            run_model(spec, collection, context, depth, name=name, **searching)
            for spec, name in zip(models, names, strict=False)
        ]
    result = evaluation.evaluate(collection, [*runs, *read], measures, **testing)
    written = save(result, out) if out else []
    if json_:
        print_json(result.facts())
    elif not quiet:
        print_tables(tables(result), [*notes(result), *map(str, written)])
