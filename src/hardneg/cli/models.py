"""Commands that ask language models, and that train and measure students."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import (
    LOAD,
    TRAINING,
    Json,
    Quiet,
    Run,
    Source,
    load_options,
    on_disk,
    print_json,
    print_summary,
    print_tables,
    progress,
    request_options,
)
from hardneg.cli.terminal import echo
from hardneg.core.errors import ConfigError


def judge(
    run: Run,
    settings: Annotated[Given, OptionsOf("hardneg.llm.judging:JudgeSettings", without=("options",))],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Field of the request, as in `max_tokens=2000`."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Decide again with the verdicts, by the run's recipe, into this run.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Ask nothing; print the first prompt, the pairs and the highest cost."
        ),
    ] = False,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Grade doubtful negatives of a run by a language model.

    The verdicts are appended to `judgments.jsonl` of the run. The same command asks nothing that was answered
    before. Needs the extra `judge`, and the source where it was. See docs/judging.md.
    """
    from hardneg import api
    from hardneg.api.places import run_folder
    from hardneg.cli.console import judge_table
    from hardneg.llm.judging import dry_run as dry_run_of

    settings["options"] = request_options(set_)
    if dry_run:
        with run_folder(run) as folder:
            _print_dry_run(dry_run_of(folder, **settings), json_)
        return
    with progress(quiet or json_) as bars:
        summary = api.judge(run, out=out, progress=bars, **settings)
    print_summary(summary, judge_table, summary["pairs"], "pairs", quiet, json_)


def generate(
    source: Source,
    settings: Annotated[Given, OptionsOf("hardneg.llm.generating:GenerateSettings", without=("options",))],
    load: Annotated[Given, OptionsOf(LOAD, "split", "corpus", column="columns")],
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

    of_load, of_request = _load_apart(set_)
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


def _load_apart(overrides: list[str] | None) -> tuple[list[str], list[str]]:
    """Returns the changes of how a source is loaded, and the others."""
    of_load = [given for given in overrides or () if given.startswith("load.")]
    return of_load, [given for given in overrides or () if given not in of_load]


def _print_dry_run(costs: dict[str, Any], json_: bool) -> None:
    """Prints the prompt to standard output and the costs to standard error, or all as JSON."""
    if json_:
        print_json(costs)
        return
    echo(costs["prompt"])
    shown = [f"{name.replace('_', ' ')}: {value:,}" for name, value in costs.items() if name != "prompt"]
    echo(", ".join(shown), err=True)


def train(
    run: Run,
    out: Annotated[
        Path,
        typer.Option(
            parser=on_disk, metavar="DIR", help="The model directory to write; an interrupted one is resumed."
        ),
    ],
    settings: Annotated[
        Given,
        OptionsOf(
            TRAINING,
            *("student", "loss", "negatives", "epochs", "steps", "batch_size", "learning_rate"),
            *("max_length", "dev", "seed"),
        ),
    ],
    rounds: Annotated[Given, OptionsOf("hardneg.api:train", "rounds", least={"rounds": 1})],
    validator: Annotated[
        bool, typer.Option("--validator", help="Train a cross-encoder on the student's body.")
    ] = False,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting, as in `warmup=0.2`.")
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Train a student on a finished run.

    An interrupted training is resumed. Needs the extra `train`. See docs/training.md.
    """
    from hardneg import api
    from hardneg.training import TrainSettings
    from hardneg.training.model_directory import summary_table
    from hardneg.training.student import parse

    chosen = TrainSettings.build(settings, set_ or ())
    if validator:
        chosen = chosen.model_copy(update={"student": f"cross-encoder:{parse(chosen.student)[1]}"})
    with progress(quiet or json_) as bars:
        trained = api.train(run, out, chosen, progress=bars, **rounds)
    if json_:
        print_json(dict(trained.facts))
    elif not quiet:
        warnings = [f"warning: {text}" for text in trained.facts.get("warnings") or ()]
        print_tables([summary_table(trained)], [*warnings, str(trained.folder)])


def evaluate(
    source: Source,
    settings: Annotated[
        Given,
        OptionsOf(
            "hardneg.api:evaluate",
            *("depth", "pool", "pool_depth", "max_length", "baseline", "seed"),
            least={"depth": 1, "pool_depth": 1, "max_length": 1, "seed": 0},
            **{"model": "models", "run": "runs", "measure": "measures"},
        ),
    ],
    load: Annotated[Given, OptionsOf(LOAD, "min_relevance", "strict", column="columns")],
    split: Annotated[str | None, typer.Option(help="Judgments to read. Default: test.")] = None,
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
    from hardneg import api
    from hardneg.api.models import TEST
    from hardneg.evaluation.output import notes, tables

    options = load_options(set_, {"split": split or TEST.split, **load})
    with progress(quiet or json_) as bars:
        result = api.evaluate(source, load=options, out=out, progress=bars, **settings)
    if json_:
        print_json(result.facts())
    elif not quiet:
        print_tables(tables(result), [*notes(result), *([str(out)] if out else [])])


def compare(
    source: Source,
    out: Annotated[
        Path,
        typer.Option(
            parser=on_disk, metavar="DIR", help="The folder to write; an interrupted comparison is resumed."
        ),
    ],
    settings: Annotated[
        Given,
        OptionsOf(
            "hardneg.comparison:CompareSettings",
            *("recipes", "seeds", "split", "test", "queries", "negatives", "depth", "min_relevance", "audit"),
            **{"measure": "measures", "recipe_set": "recipe_set"},
        ),
    ],
    training: Annotated[Given, OptionsOf(TRAINING, "student", "dev", "seed")],
    writing: Annotated[Given, OptionsOf("hardneg.api:compare", "report")],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Setting of the training, as in `epochs=2`, or `load.KEY=VALUE` of the source.",
        ),
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Train a student on each recipe's negatives and compare them.

    The students, their seeds and their settings are the same for every recipe. Recipes and seeds may be added
    to a finished comparison. Needs the extra `train`. See docs/evaluation.md.
    """
    from hardneg import api
    from hardneg.comparison.comparison_table import WIDE, comparison_table, conditions
    from hardneg.training import TrainSettings

    if "recipes" in settings:
        settings["recipes"] = [name.strip() for name in settings["recipes"].split(",") if name.strip()]
    of_load, of_training = _load_apart(set_)
    settings |= {
        "train": TrainSettings.build(training, of_training),
        "load": request_options(of_load).get("load", {}),
    }
    with progress(quiet or json_) as bars:
        result = api.compare(source, settings, out, progress=bars, **writing)
    if json_:
        print_json(dict(result.facts))
    elif not quiet:
        lines = [*conditions(result.facts), str(result.folder / "compare.json")]
        print_tables([comparison_table(result.facts)], lines, width=WIDE)
