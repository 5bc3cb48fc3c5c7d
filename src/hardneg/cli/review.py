"""`hardneg review`: judge doubtful negatives in the browser."""

from __future__ import annotations

import getpass
import webbrowser
from typing import Annotated

import typer

from hardneg.cli.shared import Run


def review(
    run: Run,
    judge: Annotated[str | None, typer.Option("--judge", help="Your name; your login unless given.")] = None,
    port: Annotated[int | None, typer.Option(help="Where to listen; 0 for any free port.")] = None,
    count: Annotated[int, typer.Option(help="How many candidates to ask about.", min=1)] = 200,
    lang: Annotated[str, typer.Option("--lang", help="en or ru.")] = "en",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the page.")] = False,
) -> None:
    """Judge doubtful negatives on a local page; every judgment goes to judgments.jsonl at once."""
    from hardneg.core.stores import display_url
    from hardneg.review import open_server
    from hardneg.runs.finished import open_run

    opened = open_run(run)
    server = open_server(
        run,
        opened.training_set.collection,
        judge=judge or getpass.getuser(),
        language=lang,
        port=port,
        count=count,
    )
    try:
        typer.echo(f"{server.url}\nCtrl-C ends the review.", err=True)
        if not no_browser:
            webbrowser.open(server.url)
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        typer.echo(
            display_url(f"\njudgments are in {server.session.path}; next: hardneg audit {run}"), err=True
        )
    finally:
        server.server_close()
