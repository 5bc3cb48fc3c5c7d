"""What can go wrong, said in one line each: the message names the place, what was found and what to do."""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

_HIDDEN = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")


def visible(text: str) -> str:
    """Returns a text for a terminal: control characters, and what is not UTF-8, written as escapes."""
    return text if text.isprintable() else _HIDDEN.sub(lambda found: repr(found[0])[1:-1], text)


class HardnegError(Exception):
    """Any error that a user can mend; the command line prints it as one line and exits with 2."""


class ConfigError(HardnegError):
    """A setting is unknown, contradictory or out of range."""


class DataError(HardnegError):
    """An input file, its content, or a place to write to is not usable."""


class MissingExtra(HardnegError):
    """An optional library is not installed; the message says which extra brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed; run: pip install 'hardneg[{extra}]'")


def unknown_name(kind: str, name: str, known: Iterable[str]) -> ConfigError:
    """Returns the error for a name that is not among the known ones, with the nearest guess."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1) or [n for n in names if name and n.startswith(name)]
    guess = f'; did you mean "{close[0]}"?' if close else "."
    return ConfigError(f'unknown {kind} "{name}"{guess} Known: {", ".join(names)}')


def optional_library(name: str, extra: str) -> Any:
    """Returns an optional library."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtra(name, extra) from None


@contextmanager
def wrap_errors(where: str) -> Iterator[None]:
    """Turns an exception of any kind, raised inside the block by a foreign library, into a `DataError`."""
    try:
        yield
    except HardnegError:
        raise
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        raise DataError(f"{where}: {type(error).__name__}: {reason}") from error
