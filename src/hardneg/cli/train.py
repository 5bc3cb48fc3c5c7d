"""`hardneg train`: a student from a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hardneg.cli.places import on_disk
from hardneg.cli.shared import Quiet, Run, print_json, progress


def train(
    run: Run,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            parser=on_disk,
            help="The model directory; an interrupted training goes on.",
        ),
    ],
    student: Annotated[
        str, typer.Option("--student", help="A model, or static:MODEL, sparse:MODEL, cross-encoder:MODEL.")
    ] = "default",
    validator: Annotated[
        bool, typer.Option("--validator", help="Train a cross-encoder of the student's body.")
    ] = False,
    loss: Annotated[str | None, typer.Option(help="infonce, gist, hardness, margin-mse or kl.")] = None,
    negatives: Annotated[int | None, typer.Option(help="The most negatives of a query; 0: in-batch.")] = None,
    epochs: Annotated[int | None, typer.Option(help="How often each row is seen.")] = None,
    steps: Annotated[int | None, typer.Option(help="The most steps.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Queries in a batch.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The peak rate.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Tokens after which texts are cut.")] = None,
    dev: Annotated[str | None, typer.Option(help="The split on which training is stopped early.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Mine again with the student, and train on.")] = 1,
    seed: Annotated[int | None, typer.Option(help="Of the shuffling.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, as in warmup=0.2.")] = None,
    quiet: Quiet = False,
    json_: Annotated[bool, typer.Option("--json", help="Print train.json, and no table.")] = False,
) -> None:
    """Train a student on what a run has mined."""
    from hardneg import training as room
    from hardneg.training.rounds import train_in_rounds
    from hardneg.training.student import parse

    given = {
        "student": f"cross-encoder:{parse(student)[1]}" if validator else student,
        "loss": loss,
        "negatives": negatives,
        "epochs": epochs,
        "steps": steps,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "max_length": max_length,
        "dev": dev,
        "seed": seed,
    }
    settings = room.TrainSettings.build(given, set_ or ())
    with progress(quiet or json_) as bars:
        if rounds > 1:
            trained = train_in_rounds(run, settings, out, rounds, progress=bars)
        else:
            trained = room.train(run, settings, out, progress=bars)
    if json_:
        print_json(dict(trained.facts))
    elif not quiet:
        from hardneg.training.summary_table import summary_table

        console = Console(stderr=True)
        console.print(summary_table(trained))
        console.print(str(trained.folder), soft_wrap=True, highlight=False)
