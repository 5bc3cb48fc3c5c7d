"""What rankers build once and keep in the cache: one file each, checked when it is read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from hardneg.core.errors import DataError, check_shortage
from hardneg.core.files import append_checksum, atomic, build_once, has_valid_checksum
from hardneg.core.progress import Progress

T = TypeVar("T")
_LOG = logging.getLogger("hardneg.rankers")


def build_or_load(
    path: Path,
    read: Callable[[Path], T | None],
    build: Callable[[], T],
    write: Callable[[Path, T], object],
    progress: Progress,
    unit: str,
) -> T:
    """Returns what a file holds, which is built and written first if the file is missing or corrupt.

    Processes that lack the same file take turns.

    Args:
        path: The file.
        read: Returns what it holds, mapped; None if it is missing or corrupt.
        build: Builds it.
        write: Writes it, atomically; raises DataError where it cannot.
        progress: Receives the wait for another process.
        unit: What is waited for.
    """

    def make() -> T:
        if path.exists():
            _LOG.warning("%s is corrupt; rebuilding it", path)
        built = build()
        write(path, built)
        mapped = read(path)  # frees the memory of what was built
        return built if mapped is None else mapped

    return build_once(
        lambda: read(path), make, path.parent, lambda: progress.task("wait for another process", None, unit)
    )


def not_shared(what: str, error: Exception) -> DataError:
    """Returns the error of a process that lacks a file that another one has."""
    return DataError(
        f"cannot read {what} ({error}): the nodes of the cluster must share its disk; set HARDNEG_CACHE to a "
        "folder that all of them see"
    )


@contextmanager
def checked_file(path: Path) -> Iterator[Path]:
    """Yields a temporary path; when the block ends well, its file gets a checksum and becomes `path`."""
    with atomic(path) as temporary:
        yield temporary
        append_checksum(temporary)


def write_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Writes an array atomically, with a checksum."""
    with checked_file(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)


def read_array(path: Path) -> npt.NDArray[Any] | None:
    """Returns the array of a file, mapped; None if the file is missing or corrupt."""
    if not has_valid_checksum(path):
        return None
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged header raises what Python's parser does
        check_shortage(path, error)
        return None
    return array if isinstance(array, np.ndarray) else None
