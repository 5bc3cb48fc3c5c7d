"""Triplets for sentence-transformers: one row for every positive and negative of a query.

The columns are those of `sentence_transformers.util.mine_hard_negatives(output_format="triplet")`, 6.2:
`anchor, positive, negative`, and with `scores` a list of the positive's and the negative's score. The trainer
feeds columns to the model by position, so nothing else may stand in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.records import Example
from hardneg.exporters.checks import read_lines
from hardneg.exporters.rows import Notes, number, usable, write_rows

_COLUMNS = ("anchor", "positive", "negative")


@file_format("sentence-transformers-triplet")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Triplet(Format):
    """Rows of `anchor, positive, negative`, as MultipleNegativesRankingLoss reads them.

    Attributes:
        scores: Add the column `scores`, `[positive's, negative's]`, which losses that distil a teacher read;
            documents without a score are left out then.
    """

    scores: bool = False

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the rows; examples without a positive or a negative are skipped."""
        fields = [(name, pa.string()) for name in _COLUMNS]
        schema = pa.schema(fields + [("scores", pa.list_(pa.float64()))] * self.scores)
        notes = Notes()
        return write_rows(self._rows(usable(examples, notes, self.scores)), out, notes, schema)

    def carries_margins(self) -> bool:
        """Returns whether it writes scores."""
        return self.scores

    def lint(self, out: Path) -> None:
        """Checks columns, empty texts, scores, and that no negative is its row's positive."""
        for line in read_lines(out):
            line.columns(_COLUMNS + ("scores",) * self.scores)
            _, positive, negative = (line.text(name) for name in _COLUMNS)
            line.apart([positive], [negative])
            if self.scores:
                line.numbers("scores", 2)

    def _rows(self, examples: Iterable[Example]) -> Iterator[dict[str, Any]]:
        for example in examples:
            for positive in example.positives:
                for negative in example.negatives:
                    row: dict[str, Any] = {"anchor": example.query}
                    row |= {"positive": positive.full, "negative": negative.full}
                    if self.scores:
                        row["scores"] = [number(positive.score), number(negative.score)]
                    yield row
