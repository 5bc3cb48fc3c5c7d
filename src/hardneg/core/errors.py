"""What can go wrong, said in one line each: the message names the place, what was found and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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
