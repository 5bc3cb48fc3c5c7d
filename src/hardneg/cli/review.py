"""`hardneg review`: doubtful negatives judged by a person, in the browser."""

from __future__ import annotations

import getpass
import webbrowser
from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import Run


def review(
    run: Run,
    settings: Annotated[
        Given, OptionsOf("hardneg.review:open_server", "port", "count", least={"count": 1}, lang="language")
    ],
    judge: Annotated[str | None, typer.Option(help="Name of the judge. Default: your login.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Judge doubtful negatives on a local page.

    Every judgment is appended to `judgments.jsonl` of the run at once. Ctrl-C ends the review. The address on
    standard error holds a token: whoever has it can judge. See docs/review.md.
    """
    from hardneg.api.places import opened_run
    from hardneg.core.stores import display_url
    from hardneg.review import open_server

    with opened_run(run) as opened:
        name = judge or getpass.getuser()
        server = open_server(opened.directory, opened.collection, judge=name, **settings)
        try:
            typer.echo(f"{server.url}\nCtrl-C ends the review.", err=True)
            if not no_browser:
                webbrowser.open(server.url)
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            next_step = f"\njudgments are in {server.session.path}; next: hardneg audit {run}"
            typer.echo(display_url(next_step), err=True)
        finally:
            server.server_close()
