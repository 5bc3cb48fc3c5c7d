"""`hardneg push`: a run shared on the Hugging Face hub."""

from __future__ import annotations

from typing import Annotated

import typer

from hardneg.cli.shared import Run


def push(
    run: Run,
    repository: Annotated[str, typer.Argument(metavar="REPO", help="NAME or OWNER/NAME on the hub.")],
    public: Annotated[
        bool, typer.Option("--public", help="Make a new repository public. Default: private.")
    ] = False,
    judgments: Annotated[
        bool, typer.Option("--judgments", help="Upload judgments.jsonl too; it names its judges.")
    ] = False,
) -> None:
    """Upload a run to the Hugging Face hub as a dataset.

    The repository is created if there is none, and its address is printed. Needs the extra `hub` and a login.
    """
    from hardneg import api

    typer.echo(api.push(run, repository, private=not public, judgments=judgments))
