"""Labelled pairs for sentence-transformers: one row a document, 1 for a positive and 0 for a negative.

The columns are those of `sentence_transformers.util.mine_hard_negatives(output_format="labeled-pair")`, 6.2,
as it documents them: `anchor, document, label`, or `anchor, document, score` with scores. Losses such as the
cross-encoder's BinaryCrossEntropyLoss read them. A query without negatives still gives its positive pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Written, file_format
from hardneg.core.records import Example
from hardneg.exporters.checks import is_number, read_lines
from hardneg.exporters.rows import Notes, number, with_positives, write_rows
from hardneg.exporters.soft_labels import LabelledFormat, Labels, check_soft_labels, labelled, labels_of


@file_format("sentence-transformers-labeled-pair")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class LabeledPair(LabelledFormat):
    """Rows of `anchor, document, label`.

    Attributes:
        scores: Write the column `score` in place of `label`; documents without a score are left out then.
        labels: `binary`: 1 for positives, 0 for negatives. `probability`: of being relevant, 0 to 1: the
            weight of a positive, 1 less the weight of a negative. `grade`: a judge's grade of 0 to 3, divided
            by 3; without one, positives have 1 and negatives are left out.
    """

    scores: bool = False
    labels: Labels = "binary"

    column: ClassVar[str] = "label"

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the rows, each query's positives first; examples without a positive are skipped."""
        last = ("score" if self.scores else "label", self.number_type)
        schema = pa.schema([("anchor", pa.string()), ("document", pa.string()), last])
        notes = Notes()
        return write_rows(self._rows(examples, notes), out, notes, schema)

    def lint(self, out: Path) -> None:
        """Checks columns, empty texts, labels, and that no document of a query has both labels."""
        last = "score" if self.scores else "label"
        anchor, labels = "", dict[str, Any]()
        for line in read_lines(out):
            line.columns(["anchor", "document", last])
            if line.text("anchor") != anchor:
                anchor, labels = line.text("anchor"), {}
            label = line.get(last)
            if not self.scores and self.labels != "binary":
                check_soft_labels(line, [label])
            elif not is_number(label) or (not self.scores and label not in (0, 1)):
                raise line.fault(f'"{last}" is {label!r}, expected {"a number" if self.scores else "0 or 1"}')
            if labels.setdefault(line.text("document"), label) != label:
                raise line.fault(f"the same document has {last} {labels[line.text('document')]} further up")

    def _rows(self, examples: Iterable[Example], notes: Notes) -> Iterator[dict[str, Any]]:
        for example in with_positives(labelled(examples, self.labels, notes), notes):
            docs = [*example.positives, *example.negatives]
            for doc, label in zip(docs, labels_of(example, self.labels), strict=True):
                last = {"score": number(doc.score)} if self.scores else {"label": label}
                if self.scores and last["score"] is None:
                    notes["documents_without_score"] += 1
                else:
                    yield {"anchor": example.query, "document": doc.full, **last}
