"""The list of files that were the same in a store and in its copy."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hardneg.core.files import write_text


@dataclass(frozen=True)
class SyncedFile:
    """A file that was the same here and there.

    Attributes:
        stamp: The store's, of that time.
        digest: The sha256 of its bytes.
        size: How many they are.
    """

    stamp: str
    digest: str
    size: int


class KnownFiles:
    """The list, a line for each file, added once it has passed.

    Args:
        path: Where it is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, SyncedFile]:
        """Returns the files by name, the last line of each; a line that was cut off is passed over."""
        known: dict[str, SyncedFile] = {}
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return known
        for line in lines:
            try:
                name, *same = json.loads(line)
                known[name] = SyncedFile(*same)
            except (ValueError, TypeError):
                continue
        return known

    def write(self, known: Mapping[str, SyncedFile]) -> None:
        """Writes the whole list anew, atomically."""
        write_text(self._path, "".join(_line(name, same) for name, same in sorted(known.items())))

    @contextmanager
    def appender(self) -> Iterator[Callable[[str, SyncedFile], None]]:
        """Yields what adds a line, which is on the disk when it returns."""
        with self._path.open("a", encoding="utf-8") as opened:

            def add(name: str, same: SyncedFile) -> None:
                opened.write(_line(name, same))
                opened.flush()
                os.fsync(opened.fileno())

            yield add


def _line(name: str, same: SyncedFile) -> str:
    return json.dumps([name, same.stamp, same.digest, same.size]) + "\n"
