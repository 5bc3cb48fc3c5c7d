"""Run directories and folders as commands are given them: on a disk, or in a store."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from hardneg.core.errors import ConfigError

if TYPE_CHECKING:
    from hardneg.core.progress import Progress
    from hardneg.core.stores import Mirror

_OPENED: list[Mirror] = []
"""The copies that the command works on."""


def run_folder(place: str | Path) -> Path:
    """Returns where a run directory can be worked on: itself, or its copy, uploaded by `upload_changes`.

    Raises:
        HardnegError: There is nothing there, or it cannot be fetched.
    """
    from hardneg.core.stores import Mirror, is_url

    if not is_url(place):
        return Path(place)
    mirror = Mirror(str(place))
    folder = mirror.pull()
    _OPENED.append(mirror)
    return folder


def run_or_source(place: str, progress: Progress) -> Path:
    """Returns where a run directory or a source can be read; a run is uploaded by `upload_changes`.

    Raises:
        HardnegError: There is nothing there, or it cannot be fetched.
    """
    from hardneg.core.stores import Mirror, is_url
    from hardneg.sources import companions

    if not is_url(place):
        return Path(place)
    mirror = Mirror(place, progress)
    path = mirror.pull(companions)
    if is_run(path):
        _OPENED.append(mirror)
    return path


def is_run(folder: Path) -> bool:
    """Returns whether a folder is a run directory, finished or begun."""
    return (folder / "run.json").exists()


def on_disk(place: str | Path) -> Path:
    """Returns a path that a command writes to and that no store may be named by.

    Raises:
        ConfigError: It is in a store.
    """
    from hardneg.core.stores import is_url

    if is_url(place):
        raise ConfigError(f"{place} is in a store; here a path on a disk is asked for")
    return Path(place)


def silence_gcsfs() -> None:
    """Keeps libraries of stores from printing what they raise as well, and what they do without."""
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)


def upload_changes() -> None:
    """Puts what the command has changed in runs of a store back there.

    Raises:
        DataError: It cannot be put.
    """
    while _OPENED:
        _OPENED.pop().push()
