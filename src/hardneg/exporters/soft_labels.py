"""Labels between 0 and 1, for trainers that take them: probabilities and grades."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import pyarrow as pa

from hardneg.core.components import Format
from hardneg.core.records import Example, Scored
from hardneg.core.verdicts import HIGHEST
from hardneg.exporters.checks import Line, is_number
from hardneg.exporters.rows import Notes, number

Labels = Literal["binary", "probability", "grade"]
LABEL_MEANINGS = {
    "binary": "1 for relevant documents, 0 for negatives",
    "probability": (
        "the probability of being relevant, 0 to 1: a relevant document's weight, 1 less a negative's"
    ),
    "grade": "a judge's grade of 0 to 3, divided by 3; 1 for relevant documents that nobody graded",
}
"""The scale of each kind of labels."""

_LOG_FLOOR = 1e-4
"""The least probability whose logarithm is written."""


class LabelledFormat(Format):
    """A format with a label, or a score in its place, for every document."""

    scores: bool
    labels: Labels
    column: ClassVar[str]

    @property
    def carries_weights(self) -> bool:
        """Probabilities are made of the weights."""
        return not self.scores and self.labels == "probability"

    def meanings(self) -> Mapping[str, str]:
        """Returns the scale of the labels."""
        return {} if self.scores else {self.column: LABEL_MEANINGS[self.labels]}

    def __post_init__(self) -> None:
        """Checks that labels are asked for where no scores stand in their place."""
        if self.scores and self.labels != "binary":
            raise ValueError(f"scores stand in place of labels: choose scores or labels={self.labels}")

    @property
    def number_type(self) -> pa.DataType:
        """The type of a label or score."""
        return pa.int64() if self.labels == "binary" and not self.scores else pa.float64()


def check_soft_labels(line: Line, labels: Sequence[Any]) -> None:
    """Checks that labels that were written are numbers from 0 to 1."""
    for label in labels:
        if not (is_number(label) and 0 <= label <= 1):
            raise line.fault(f"a label is {label!r}, expected a number from 0 to 1")


def labelled(examples: Iterable[Example], labels: Labels, notes: Notes) -> Iterator[Example]:
    """Yields the examples without the negatives that have no label of a kind, which are counted."""
    for example in examples:
        kept = [doc for doc in example.negatives if soft_label(doc, False, labels) is not None]
        lost = len(example.negatives) - len(kept)
        notes.update({"negatives_without_grade": lost} if lost else {})
        yield example._replace(negatives=kept)


def labels_of(example: Example, labels: Labels) -> list[float | None]:
    """Returns the labels of an example's documents, positives first."""
    return [
        *(soft_label(doc, True, labels) for doc in example.positives),
        *(soft_label(doc, False, labels) for doc in example.negatives),
    ]


def soft_label(doc: Scored, positive: bool, labels: Labels) -> float | None:
    """Returns a document's label, from 0 to 1; None where it has none of this kind.

    `probability` is that of being relevant: the weight of a positive, 1 less the weight of a negative.
    `grade` is a judge's grade of 0 to 3, divided by 3; a positive without one has 1.

    Source: grades as probabilistic targets, BiXSE (arXiv 2508.06781).
    """
    if labels == "binary":
        return int(positive)
    if labels == "probability":
        return number(doc.weight if positive else 1 - doc.weight)
    if doc.grade is None:
        return 1.0 if positive else None
    return round(doc.grade / HIGHEST, 4)


def log_probability(doc: Scored, positive: bool) -> float | None:
    """Returns the natural logarithm of the probability that a document is relevant, at least that of 0.0001.

    A softmax over logarithms gives each document its share of the probabilities.
    """
    return number(math.log(max(soft_label(doc, positive, "probability") or 0.0, _LOG_FLOOR)))
