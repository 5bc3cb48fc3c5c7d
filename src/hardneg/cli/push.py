"""`hardneg push`: share a run on the Hugging Face hub."""

from __future__ import annotations

from typing import Annotated

import typer

from hardneg.cli.shared import Run


def push(
    run: Run,
    repository: Annotated[str, typer.Argument(metavar="REPO", help="NAME or OWNER/NAME on the hub.")],
    public: Annotated[bool, typer.Option("--public", help="A new repository is public.")] = False,
    judgments: Annotated[
        bool, typer.Option("--judgments", help="Upload judgments.jsonl too; it names its judges.")
    ] = False,
) -> None:
    """Upload a run as a dataset of the Hugging Face hub, with its card."""
    from hardneg.runs.push import push as upload

    typer.echo(upload(run, repository, private=not public, judgments=judgments))
