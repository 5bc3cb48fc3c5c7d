"""hardneg's own records as Parquet: the columns of `jsonl`, typed, and smaller on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.errors import DataError
from hardneg.core.records import Example
from hardneg.exporters.jsonl import JsonLines


@file_format("parquet")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Parquet(Format):
    """One row a query: `query_id, query, positives, negatives`, with titles, texts, scores and weights.

    Attributes:
        grades: Add each document's `grade`, 0 to 3, by the judges who gave one; null where none did.
    """

    grades: bool = False

    suffix: ClassVar[str] = ".parquet"
    carries_prompts: ClassVar[bool] = True

    @property
    def carries_weights(self) -> bool:
        """Each document has its `weight`."""
        return True

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the rows; examples without a positive are skipped."""
        if out.suffix != self.suffix:
            raise DataError(f"{out}: a Parquet file is named .parquet; rename it, or choose the format jsonl")
        return JsonLines(self.grades).write(examples, out)

    def lint(self, out: Path) -> None:
        """Checks ids, texts, scores and weights, and that no negative is a positive."""
        JsonLines().lint(out)
