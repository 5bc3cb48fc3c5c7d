"""Tuples for sentence-transformers: one row a positive, with all negatives of the query in columns.

The columns are those of `sentence_transformers.util.mine_hard_negatives(output_format="n-tuple")`, 6.2:
`anchor, positive, negative_1, ..., negative_n`, and with `scores` a list of n + 1 scores. A table has as many
columns in every row, so examples with fewer negatives need a decision: `short`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.records import Example
from hardneg.exporters.checks import Line, read_lines
from hardneg.exporters.rows import Notes, Short, number, uniform, write_rows


@file_format("sentence-transformers-n-tuple")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class NTuple(Format):
    """Rows of `anchor, positive, negative_1, ..., negative_n`.

    Attributes:
        negatives: n, the hardest ones; None for as many as the widest example has.
        short: An example with fewer negatives is dropped (as sentence-transformers does) and counted, or its
            negatives are repeated in turn, or it is an error.
        scores: Add the column `scores`, `[positive's, negative_1's, ...]`, which losses that distil a teacher
            read; documents without a score are left out then.
    """

    negatives: Annotated[int, Field(ge=1)] | None = None
    short: Short = "drop"
    scores: bool = False

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the rows; examples without a positive or a negative are skipped."""
        notes = Notes()
        rows = self._rows(uniform(examples, self.negatives, self.short, notes, self.scores))
        first = list(islice(rows, 1))
        columns = first[0] if first else _columns(self.negatives or 1, self.scores)
        types = {"scores": pa.list_(pa.float64())}
        schema = pa.schema([(name, types.get(name, pa.string())) for name in columns])
        return write_rows(chain(first, rows), out, notes, schema)

    def carries_margins(self) -> bool:
        """Returns whether it writes scores."""
        return self.scores

    def lint(self, out: Path) -> None:
        """Checks columns, their number, empty texts, scores, and that no negative is its row's positive."""
        for line in read_lines(out):
            width = sum(name.startswith("negative") for name in line.row)
            line.columns(_columns(max(width, 1), self.scores))
            self._check(line, width)

    def _check(self, line: Line, width: int) -> None:
        line.text("anchor")
        negatives = [line.text(f"negative_{place}") for place in range(1, width + 1)]
        line.apart([line.text("positive")], negatives)
        if self.scores:
            line.numbers("scores", width + 1)

    def _rows(self, examples: Iterable[Example]) -> Iterator[dict[str, Any]]:
        for example in examples:
            for positive in example.positives:
                row: dict[str, Any] = {"anchor": example.query, "positive": positive.full}
                for place, negative in enumerate(example.negatives, 1):
                    row[f"negative_{place}"] = negative.full
                if self.scores:
                    row["scores"] = [number(doc.score) for doc in (positive, *example.negatives)]
                yield row


def _columns(width: int, scores: bool) -> list[str]:
    negatives = [f"negative_{place}" for place in range(1, width + 1)]
    return ["anchor", "positive", *negatives, *["scores"] * scores]
