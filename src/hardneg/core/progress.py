"""Progress of long stages: the interface that they report to, and one that drops all reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    """One running stage."""

    def advance(self, steps: int = 1) -> None:
        """Reports that `steps` more of the stage's total are done."""


class Progress(Protocol):
    """Receives the progress of stages; the command line draws bars from it."""

    def task(self, name: str, total: int | None, unit: str) -> AbstractContextManager[Task]:
        """Returns a context in which one stage runs; `total` counts `unit`s, None if it is not known."""


class NullProgress:
    """A `Progress` and its own `Task` that drops all reports: the default from Python."""

    @contextmanager
    def task(self, name: str, total: int | None, unit: str) -> Iterator[Task]:
        """Returns a context that drops all reports."""
        yield self

    def advance(self, steps: int = 1) -> None:
        """Drops the report."""
