"""The list of files that were the same in a store and in its local copy, one line of JSON each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from hardneg.core.files import write_text


class SyncedFile(NamedTuple):
    """The store's version of a file, the sha256 of its bytes, and how many they are."""

    stamp: str
    digest: str
    size: int


class SyncedFiles:
    """The list; a file is added as soon as it is transferred, so that a killed transfer continues."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, SyncedFile]:
        """Returns the files by name, the last line of each; a line that was cut off is ignored."""
        synced: dict[str, SyncedFile] = {}
        if not self._path.exists():
            return synced
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                name, *version = json.loads(line)
                synced[name] = SyncedFile(*version)
            except (ValueError, TypeError):
                continue
        return synced

    def write(self, synced: Mapping[str, SyncedFile]) -> None:
        """Writes the whole list anew, atomically."""
        write_text(self._path, "".join(_line(name, file) for name, file in sorted(synced.items())))

    @contextmanager
    def appender(self) -> Iterator[Callable[[str, SyncedFile], None]]:
        """Yields a function that adds a line, which is on the disk when it returns."""
        with self._path.open("a", encoding="utf-8") as opened:

            def add(name: str, file: SyncedFile) -> None:
                opened.write(_line(name, file))
                opened.flush()
                os.fsync(opened.fileno())

            yield add


def _line(name: str, file: SyncedFile) -> str:
    return json.dumps([name, *file]) + "\n"
