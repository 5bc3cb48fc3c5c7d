"""Formats write a training set as one trainer reads it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from hardneg.core.records import Example
from hardneg.core.registry import Component, Registry

LOAD_DATASET = """from datasets import load_dataset

dataset = load_dataset("{kind}", data_files="{out}", split="train")"""


@dataclass(frozen=True)
class Written:
    """What an export left on disk, and what it had to leave out.

    Attributes:
        files: The files and folders written, the main file first.
        rows: Rows in the main file.
        skipped: Examples that have no row in it.
        notes: Why examples were skipped, and what else was left out or repeated, counted by reason. Reasons
            count examples, unless they name documents.
    """

    files: tuple[Path, ...]
    rows: int
    skipped: int = 0
    notes: Mapping[str, int] = field(default_factory=dict)


class Format(Component, ABC):
    """A trainer's file format; the fields of the frozen dataclass are its options.

    Attributes:
        suffix: The suffix of the main file, as in `.jsonl`.
        usage: How the trainer reads it, in its own language. `{out}` stands for the main file's
            name, `{stem}` and `{suffix}` for its parts, `{kind}` for `json` or `parquet`.
        carries_prompts: Whether what is written has the prompts of single queries, in a place of their own.
    """

    suffix: ClassVar[str] = ".jsonl"
    usage: ClassVar[str] = LOAD_DATASET
    carries_prompts: ClassVar[bool] = False

    @property
    def carries_weights(self) -> bool:
        """Whether what is written tells the weights of documents, by themselves or in their labels."""
        return False

    def meanings(self) -> Mapping[str, str]:
        """Returns the meaning of columns by name, where an option of the format decides it."""
        return {}

    @abstractmethod
    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the training set atomically and returns what was written and what was left out.

        Args:
            examples: The examples in order; may be iterated more than once.
            out: The main file; further files that the trainer needs are put beside it.

        Raises:
            DataError: An example cannot be carried, or the disk is full.
        """

    def carries_margins(self) -> bool:
        """Returns whether it writes scores for losses that learn the teacher's margins."""
        return False

    def lint(self, out: Path) -> None:  # noqa: B027 (a format without known traps has nothing to check)
        """Reads what was written and checks it against the trainer's known traps.

        Raises:
            DataError: The trainer would crash on it or misread it; the message names the line.
        """


def usage(form: type[Format], out: str) -> str:
    """Returns how a trainer reads the main file `out` of a format."""
    path = Path(out)
    kind = "parquet" if path.suffix == ".parquet" else "json"
    words = {"out": path.name, "stem": path.stem, "suffix": path.suffix, "kind": kind}
    text = form.usage
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text


FORMATS: Registry[Format] = Registry("format", Format, "write", "hardneg.exporters")
file_format = FORMATS.register
