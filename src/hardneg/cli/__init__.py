"""The command line: one short function a command; it receives options, calls the library and prints.

Adding a command = adding a function of the command's name to a module here, and its name below.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hardneg.cli.chunking import chunk
from hardneg.cli.environment import doctor
from hardneg.cli.mining import clean, demo, export, mine, plan, select
from hardneg.cli.mixing import mix
from hardneg.cli.models import compare, evaluate, generate, judge, train
from hardneg.cli.options import Command
from hardneg.cli.reading import audit, diff, push, report, review
from hardneg.core.display import message as shown
from hardneg.core.errors import ConfigError, HardnegError, shortage, unknown_name

_INTERRUPTED = 130  # the exit code after Ctrl-C
_ADDRESS_SPACE = 2**31
"""Bytes, by trial on two cores: numpy's and scipy's libraries wait for ever at half of it."""
_SYNONYMS = {"validate": "clean"}
_COMMANDS = (
    *(demo, mine, select, clean, export, audit, judge, review, report, diff),
    *(generate, chunk, train, evaluate, compare, mix, plan, push, doctor),
)
_WITHOUT_MODELS = (export, judge, review, report, diff, mix, push, doctor)


class _Commands(TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {
            function.__name__: Command(function, function not in _WITHOUT_MODELS) for function in _COMMANDS
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Returns the command that is named."""
        if args[0] in _SYNONYMS:
            raise ConfigError(f'unknown command "{args[0]}"; did you mean "{_SYNONYMS[args[0]]}"?')
        if args[0] not in self.commands:
            raise unknown_name("command", args[0], self.commands)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Commands,
    help="Hard negatives for contrastive training, every decision on record.",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _hardneg(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(importlib.metadata.version("hardneg"))
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Runs the command line.

    Exits with 0 when done, 1 on a finding over a limit that the user set, 2 on a usage or data error, which
    is printed in one line.
    """
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # it logs what it raises, too
    try:
        _check_encoding(sys.argv)
        _check_address_space()
        code = app(standalone_mode=False)
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
        if code:
            sys.exit(code)
    except HardnegError as error:
        _fail(str(error))
    except OSError as error:  # a full disk, a file that may not be read
        _fail(f"cannot go on: {shortage(error) or error}")
    except (typer.Abort, KeyboardInterrupt):
        _fail("stopped; the same command goes on where this one ended", _INTERRUPTED)
    except Exception as error:  # usage errors have many classes, of click or of typer's copy of it
        if why := shortage(error):
            _fail(f"cannot go on: {why}")
        if not hasattr(error, "format_message"):
            raise
        _fail(f"{error.format_message().rstrip('.')}. See hardneg --help.")


def _check_encoding(arguments: list[str]) -> None:
    """Raises ConfigError for a path that is not UTF-8, which neither JSON nor the card can name."""
    for given in (*arguments, os.path.abspath(".")):
        if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in given):
            raise ConfigError(f"{given!a} is not UTF-8; rename the file or folder")


def _check_address_space() -> None:
    """Raises ConfigError where libraries of linear algebra would wait for ever, or end the process."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < _ADDRESS_SPACE:
        raise ConfigError(
            f"the address space is limited to {limit / 2**30:.1f} GiB (ulimit -v), "
            f"{_ADDRESS_SPACE / 2**30:g} GiB are needed"
        )


def _fail(message: str, code: int = 2) -> None:
    from hardneg.core.stores import display_url

    typer.echo(f"hardneg: {shown(display_url(message))}", err=True)
    sys.exit(code)
