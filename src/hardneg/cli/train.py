"""`hardneg train`: a student trained on a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import TRAINING, Json, Quiet, Run, on_disk, print_json, print_tables, progress


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
        print_tables([summary_table(trained)], [str(trained.folder)])
