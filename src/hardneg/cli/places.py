"""Run directories and folders as commands are given them: on a disk, or in a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hardneg.errors import ConfigError

if TYPE_CHECKING:
    from hardneg.stores import Mirror

_OPENED: list[Mirror] = []
"""The copies that the command works on."""


def run_folder(place: str | Path) -> Path:
    """Returns where a run directory can be worked on: itself, or its copy, put back by `put_back`.

    Raises:
        HardnegError: There is nothing there, or it cannot be fetched.
    """
    from hardneg.stores import Mirror, is_url

    if not is_url(place):
        return Path(place)
    mirror = Mirror(str(place))
    folder = mirror.pull()
    _OPENED.append(mirror)
    return folder


def on_disk(place: str | Path) -> Path:
    """Returns a path that a command writes to and that no store may be named by.

    Raises:
        ConfigError: It is in a store.
    """
    from hardneg.stores import is_url

    if is_url(place):
        raise ConfigError(f"{place} is in a store; here a path on a disk is asked for")
    return Path(place)


def put_back() -> None:
    """Puts what the command has changed in runs of a store back there.

    Raises:
        DataError: It cannot be put.
    """
    while _OPENED:
        _OPENED.pop().push()
