"""Commands that make training sets: mine, demo, select, clean, export, plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardneg.cli.chunking import TOKENS
from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import (
    RECIPE,
    Json,
    MaxLost,
    Out,
    Quiet,
    RecipeName,
    Run,
    Source,
    on_disk,
    print_json,
    print_left_out,
    print_result,
    print_tables,
    progress,
)
from hardneg.cli.terminal import echo
from hardneg.core.display import counted
from hardneg.core.errors import ConfigError


def mine(
    source: Source,
    out: Out,
    recipe: Annotated[
        Given,
        OptionsOf(
            RECIPE,
            *("negatives", "max_positives", "perc_pos", "margin_pos", "max_score"),
            *("format", "split", "corpus", "strict", "seed", "engine"),
            unset="the recipe's",
            **{
                "recipe": "name",
                "ranker": "rankers",
                "judgments": "verdicts",
                "column": "columns",
                "set": "overrides",
            },
        ),
    ],
    writing: Annotated[Given, OptionsOf("hardneg.api:mine", "report")],
    chunk: Annotated[
        str | None,
        typer.Option(
            metavar=TOKENS,
            help="First cut documents into chunks of so many tokens of the recipe's dense model, as "
            "`hardneg chunk` does.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="The run of an earlier state of the source, or its URL: its verdicts count where their "
            "texts are the same, and the differences to it are printed.",
        ),
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="Precision of all dense models: auto, fp32, bf16 or fp16.")
    ] = None,
    max_lost_queries: MaxLost = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Mine a training set with hard negatives from a collection.

    The same command on a finished run writes the training set, the card, the report and `run.json` anew; the
    ledger stays. See docs/recipes.md, docs/rankers.md and docs/formats.md.
    """
    from hardneg import api
    from hardneg.mining.recipe import Recipe

    chosen = Recipe.named(**recipe)
    chosen = chosen.in_precision(precision) if precision else chosen
    with progress(quiet or json_) as bars:
        result = api.mine(source, chosen, out, chunk=chunk, since=since, progress=bars, **writing)
    if since is not None and not (quiet or json_):
        _print_changes(since, out)
    print_result(result, quiet, json_, max_lost_queries)


def _print_changes(since: str, out: str) -> None:
    from hardneg.cli.reading import diff

    try:
        diff(since, out)
    except ConfigError as error:  # another collection altogether
        print_tables([], [f"note: {error}"])


def demo(
    recipe: Annotated[Given, OptionsOf(RECIPE, **{"recipe": "name", "ranker": "rankers"})],
    writing: Annotated[Given, OptionsOf("hardneg.api:audit", "report")],
    out: Annotated[
        Path, typer.Option(parser=on_disk, metavar="DIR", help="The run directory to write.")
    ] = Path("hardneg-demo"),
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Mine and audit the built-in collection, without a network.

    The collection is the Python standard library. The default recipe's dense model reads the first 64 tokens
    of each document, which is quicker on a CPU; it needs the extra `minilm`. `--recipe naive --ranker bm25`
    needs none.
    """
    from hardneg import api
    from hardneg.cli.console import example_table, rate
    from hardneg.mining.recipe import Recipe

    shorter = [] if recipe else ["rank.rankers.dense.max_length=64"]
    with progress(quiet or json_) as bars:
        chosen = Recipe.named(overrides=shorter, **recipe)
        result = api.mine("stdlib", chosen, out, report=False, progress=bars)
        audit = api.audit(result, progress=bars, **writing)
    print_result(result, quiet, json_)
    if not (quiet or json_):
        line = f"false negatives among the negatives: {rate(audit)}; details: hardneg audit {out}"
        print_tables([example_table(result.training_set, 3)], [line])


def select(
    run: Run,
    out: Out,
    recipe: RecipeName,
    changes: Annotated[
        Given,
        OptionsOf(
            RECIPE,
            *("negatives", "max_positives", "perc_pos", "margin_pos", "max_score", "format", "seed"),
            unset="the recipe's",
            **{"judgments": "verdicts", "set": "overrides"},
        ),
    ],
    writing: Annotated[Given, OptionsOf("hardneg.api:select", "report")],
    max_lost_queries: MaxLost = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Select again from the candidates of a run.

    Nothing is ranked or encoded. The recipe's `select`, `seed` and `format` apply; loading, ranking and the
    depth of the candidates are those of the run. Rules and draws that name a ranker need one of the run's.
    The source must be where it was.
    """
    from hardneg import api
    from hardneg.mining.recipe import Recipe

    opened = api.open_run(run)
    chosen = Recipe.named(recipe, ranked_by=opened.info["recipe"], **changes)
    with progress(quiet or json_) as bars:
        result = api.select(opened, chosen, out, progress=bars, **writing)
    print_result(result, quiet, json_, max_lost_queries)


def clean(
    file: Annotated[
        str, typer.Argument(help="A training set: a file in a trainer's format, or of pairs; or its URL.")
    ],
    out: Out,
    changes: Annotated[
        Given,
        OptionsOf(
            RECIPE,
            *("format", "split", "corpus", "strict", "seed"),
            unset="the recipe's",
            **{"ranker": "rankers", "column": "columns", "set": "overrides"},
        ),
    ],
    writing: Annotated[Given, OptionsOf("hardneg.api:clean", "report")],
    recipe: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A named recipe, or a YAML file. Default: clean."),
    ] = None,
    max_lost_queries: MaxLost = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Drop the likely false negatives of a training set mined by other tools.

    The file is written as `train` in the run directory, in its own format; rows keep their order, ids, scores
    and other columns. Positives, copies of them and empty texts among the negatives are dropped as well, and
    rows that lose all their negatives; lists with a value for each document are cut with them. Where all rows
    need as many negatives, those left are repeated in turn. With `--format` the training set is written from
    the ledger, with weights where the format has any. The recipe needs the ranker `listed`, which `--ranker`
    adds. The ledger has the decision on every listed negative, with `score.listed` 1; its other candidates
    serve for comparison. See
    docs/validation.md.
    """
    from hardneg import api
    from hardneg.api.runs import CLEAN
    from hardneg.mining.recipe import Recipe

    if "rankers" in changes:
        changes["rankers"].append("listed")
    chosen = Recipe.named(recipe or CLEAN, **changes)
    with progress(quiet or json_) as bars:
        result = api.clean(file, out, chosen, same_format="format" not in changes, progress=bars, **writing)
    print_result(result, quiet, json_, max_lost_queries)


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
    print_tables([], [f"{counted(written['rows'], 'row')} in {', '.join(written['files'])}{replaced}{notes}"])
    print_left_out(written)


def plan(
    source: Source,
    recipe: Annotated[
        Given,
        OptionsOf(
            RECIPE,
            "split",
            unset="the recipe's",
            **{"recipe": "name", "ranker": "rankers", "column": "columns", "set": "overrides"},
        ),
    ],
    sizes: Annotated[
        Given,
        OptionsOf(
            "hardneg.mining.planning:plan",
            *("documents", "queries", "sample"),
            least={"documents": 1, "queries": 1, "sample": 256},
        ),
    ],
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Estimate the time, memory and disk that mining will take.

    The source is loaded whole, a sample of the documents is encoded, and a run on it is made in a temporary
    folder. See docs/scale.md.
    """
    from hardneg.mining import planning
    from hardneg.mining.recipe import Recipe

    with progress(quiet or json_) as bars:
        estimate = planning.plan(source, Recipe.named(**recipe), progress=bars, **sizes)
    if json_:
        print_json(estimate.facts())
    else:
        from hardneg.cli.console import plan_text

        echo(plan_text(estimate))
