"""Labelled lists for sentence-transformers: one row a query, its documents and their labels in lists.

The columns are those of `sentence_transformers.util.mine_hard_negatives(output_format="labeled-list")`, 6.2,
as it documents them: `anchor, documents, labels`, or `anchor, documents, scores` with scores. Listwise losses
of the cross-encoder, such as LambdaLoss, read them, lists of any length together. `mine_hard_negatives` makes
a list for every positive; here all positives of a query stand in one, or each would lack the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Written, file_format
from hardneg.core.records import Example
from hardneg.exporters.checks import Line, read_lines
from hardneg.exporters.rows import Notes, number, usable, write_rows
from hardneg.exporters.soft_labels import LabelledFormat, Labels, check_soft_labels, labelled, labels_of


@file_format("sentence-transformers-labeled-list")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class LabeledList(LabelledFormat):
    """Rows of `anchor, documents, labels`.

    Attributes:
        scores: Write the column `scores` in place of `labels`; documents without a score are left out then.
        labels: `binary`: 1 for positives, 0 for negatives. `probability`: of being relevant, 0 to 1: the
            weight of a positive, 1 less the weight of a negative. `grade`: a judge's grade of 0 to 3, divided
            by 3; without one, positives have 1 and negatives are left out.
    """

    scores: bool = False
    labels: Labels = "binary"

    column: ClassVar[str] = "labels"

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the rows, positives first; examples without a positive or a negative are skipped."""
        last = ("scores" if self.scores else "labels", pa.list_(self.number_type))
        schema = pa.schema([("anchor", pa.string()), ("documents", pa.list_(pa.string())), last])
        notes = Notes()
        rows = map(self._row, usable(labelled(examples, self.labels, notes), notes, self.scores))
        return write_rows(rows, out, notes, schema)

    def lint(self, out: Path) -> None:
        """Checks columns, empty texts, that lists are equally long and that both labels come."""
        last = "scores" if self.scores else "labels"
        for line in read_lines(out):
            line.columns(["anchor", "documents", last])
            line.text("anchor")
            line.numbers(last, len(line.texts("documents")))
            if not self.scores and self.labels == "binary":
                _check_labels(line)
            elif not self.scores:
                check_soft_labels(line, line.items("labels"))

    def _row(self, example: Example) -> dict[str, Any]:
        docs = [*example.positives, *example.negatives]
        row: dict[str, Any] = {"anchor": example.query, "documents": [doc.full for doc in docs]}
        if self.scores:
            return row | {"scores": [number(doc.score) for doc in docs]}
        return row | {"labels": labels_of(example, self.labels)}


def _check_labels(line: Line) -> None:
    labels, documents = line.items("labels"), line.texts("documents")
    if set(labels) != {0, 1}:
        raise line.fault(f'"labels" are {labels}, expected both 0 and 1 and nothing else')
    labelled = list(zip(documents, labels, strict=True))
    line.apart([doc for doc, label in labelled if label], [doc for doc, label in labelled if not label])
