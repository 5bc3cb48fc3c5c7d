"""Formats write a training set as one trainer reads it: one module a format."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Protocol

from hardneg.records import Example
from hardneg.registry import Registry


class Format(Protocol):
    """A trainer's file format; the fields of the frozen dataclass are its options."""

    suffix: ClassVar[str]
    """The suffix of the main file, as in `.jsonl`."""

    def write(self, examples: Iterable[Example], out: Path) -> list[Path]:
        """Writes the training set atomically and returns the files written, the main one first.

        Args:
            examples: The examples in order; may be iterated more than once.
            out: The main file; further files that the trainer needs are put beside it.

        Raises:
            DataError: An example cannot be carried, or the disk is full.
        """

    def lint(self, out: Path) -> None:
        """Reads what was written and checks it against the trainer's known traps.

        Raises:
            DataError: The trainer would crash on it or misread it; the message names the line.
        """


FORMATS: Registry[Format] = Registry("hardneg.export", "format", helpers=("card", "lines"))
