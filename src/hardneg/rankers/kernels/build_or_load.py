"""What rankers build once and keep in the cache, a file each."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hardneg.core.files import build_once
from hardneg.core.progress import Progress

T = TypeVar("T")
_LOG = logging.getLogger("hardneg.rankers")


def build_or_load(
    path: Path,
    read: Callable[[], T | None],
    build: Callable[[], T],
    write: Callable[[Path, T], object],
    progress: Progress,
    unit: str,
) -> T:
    """Returns what a file holds, which is put there first if it is not there or damaged.

    Processes that lack it take turns.

    Args:
        path: The file.
        read: Returns what it holds, mapped; None if it is not there or damaged.
        build: Makes it.
        write: Writes it to the file, atomically.
        progress: Is told of waiting for another process.
        unit: What is waited for.

    Raises:
        DataError: It cannot be written.
    """

    def make() -> T:
        if path.exists():
            _LOG.warning("%s is damaged and is made again", path)
        built = build()
        write(path, built)
        return read() or built  # mapped: what was built is given back

    return build_once(read, make, path.parent, lambda: progress.task("wait for another process", None, unit))
