"""hardneg's own records as Parquet: the columns of `jsonl`, typed, and smaller on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.errors import DataError
from hardneg.export import LOAD_DATASET, Written
from hardneg.export.jsonl import JsonLines
from hardneg.records import Example

__all__ = ["Parquet"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Parquet:
    """One row a query: `query_id, query, positives, negatives`, with titles, texts, scores and weights."""

    suffix: ClassVar[str] = ".parquet"
    usage: ClassVar[str] = LOAD_DATASET

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the rows; examples without a positive are skipped.

        Raises:
            DataError: The file's name does not end in .parquet, or the disk is full.
        """
        if out.suffix != self.suffix:
            raise DataError(f"{out}: a Parquet file is named .parquet; rename it, or choose the format jsonl")
        return JsonLines().write(examples, out)

    def lint(self, out: Path) -> None:
        """Checks ids, texts, scores and weights, and that no negative is a positive.

        Raises:
            DataError: A row is not whole; the message names it.
        """
        JsonLines().lint(out)
