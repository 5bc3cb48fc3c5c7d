"""The examples of a training set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hardneg.core.records.text import full_text


class Scored(NamedTuple):
    """One document of an example: its texts, the scorer's score, the weight in training, and a judge's grade.

    The grade is from 0 to 3, the mean of several judges; None where none graded it.
    """

    doc_id: str
    title: str
    text: str
    score: float
    weight: float = 1.0
    grade: float | None = None

    @property
    def full(self) -> str:
        """The title, a space and the text."""
        return full_text(self.title, self.text)


class Example(NamedTuple):
    """One query of a training set, with its positives and the negatives chosen for it, hardest first.

    The prompt is the source's instruction for this query, apart from its text: empty where it has none, None
    in all examples of a set that has no prompts.
    """

    query_id: str
    query: str
    positives: Sequence[Scored]
    negatives: Sequence[Scored]
    prompt: str | None = None
