"""The command line: one short function a command; it parses, calls the library and formats.

Adding a command = adding a file here whose function has the command's name, and a line below.
"""

from __future__ import annotations

import importlib.metadata
import sys
from typing import Annotated

import typer

from hardneg.cli.audit import audit
from hardneg.cli.clean import validate
from hardneg.cli.compare import compare
from hardneg.cli.diff import diff
from hardneg.cli.doctor import doctor
from hardneg.cli.evaluate import evaluate
from hardneg.cli.export import export
from hardneg.cli.generate import generate
from hardneg.cli.judge import judge
from hardneg.cli.mine import demo, mine
from hardneg.cli.places import silence_gcsfs, upload_changes
from hardneg.cli.plan import plan
from hardneg.cli.push import push
from hardneg.cli.report import report
from hardneg.cli.review import review
from hardneg.cli.select import select
from hardneg.cli.train import train
from hardneg.core.errors import HardnegError

_STOPPED = 130  # the exit code after Ctrl-C

app = typer.Typer(
    help="Hard negatives for contrastive training, every decision on record.",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

for command in (
    mine,
    demo,
    plan,
    select,
    audit,
    export,
    generate,
    judge,
    diff,
    validate,
    report,
    review,
    push,
    evaluate,
    train,
    compare,
    doctor,
):
    app.command()(command)


@app.callback()
def _whole(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(importlib.metadata.version("hardneg"))
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Runs the command line: exit 0 when done, 1 on a finding over a limit that the user set, 2 on an error.

    A usage or data error is told in one line.
    """
    silence_gcsfs()
    try:
        code = app(standalone_mode=False)
        if code == _STOPPED:
            raise KeyboardInterrupt
        upload_changes()
        if code:
            sys.exit(code)
    except HardnegError as error:
        _fail(str(error))
    except OSError as error:  # whatever the system refuses: a full disk, a file that may not be read
        _fail(f"cannot go on: {error}")
    except MemoryError:
        _fail("cannot go on: there is not enough memory")
    except (typer.Abort, KeyboardInterrupt):
        _fail("stopped; the same command goes on where this one ended", _STOPPED)
    except Exception as error:  # usage errors have many classes, of click or of typer's copy of it
        if not hasattr(error, "format_message"):
            raise
        _fail(f"{error.format_message().rstrip('.')}. See hardneg --help.")


def _fail(message: str, code: int = 2) -> None:
    from hardneg.core.stores import display_url

    typer.echo(f"hardneg: {' '.join(display_url(message).split())}", err=True)
    sys.exit(code)
