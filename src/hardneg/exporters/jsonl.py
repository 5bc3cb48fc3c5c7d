"""hardneg's own records as JSON lines: everything known of every query, positive and negative."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.records import Example, Scored
from hardneg.exporters.checks import Line, is_number, read_lines
from hardneg.exporters.rows import Notes, number, with_positives, write_rows

_NUMBERS = ("score", "weight")


@file_format("jsonl")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class JsonLines(Format):
    """One line a query: `query_id, query, positives, negatives`, with ids, titles, texts, scores and weights.

    A query without negatives keeps its line, with an empty list. Where the source has prompts, each line has
    the query's `prompt`, empty for none.

    Attributes:
        grades: Add each document's `grade`, 0 to 3, by the judges who gave one; null where none did.
    """

    grades: bool = False

    carries_prompts: ClassVar[bool] = True

    @property
    def carries_weights(self) -> bool:
        """Each document has its `weight`."""
        return True

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the lines; examples without a positive are skipped."""
        notes = Notes()
        prompted = any(example.prompt is not None for example in islice(examples, 1))
        rows = map(self._row, with_positives(examples, notes))
        return write_rows(rows, out, notes, _schema(self._numbers, prompted))

    @property
    def _numbers(self) -> tuple[str, ...]:
        return (*_NUMBERS, "grade") if self.grades else _NUMBERS

    def _row(self, example: Example) -> dict[str, Any]:
        return {
            "query_id": example.query_id,
            "query": example.query,
            **({} if example.prompt is None else {"prompt": example.prompt}),
            "positives": [_doc(doc, self._numbers) for doc in example.positives],
            "negatives": [_doc(doc, self._numbers) for doc in example.negatives],
        }

    def lint(self, out: Path) -> None:
        """Checks ids, texts, scores and weights, and that no negative is a positive."""
        for line in read_lines(out):
            line.text("query_id")
            line.text("query")
            positives = [_check(line, doc, '"positives"') for doc in line.items("positives")]
            negatives = [_check(line, doc, '"negatives"') for doc in line.get("negatives")]
            line.apart([doc for doc, _ in positives], [doc for doc, _ in negatives])
            line.apart([text for _, text in positives], [text for _, text in negatives])


def _schema(numbers: Sequence[str], prompted: bool) -> pa.Schema:
    texts = [(name, pa.string()) for name in ("doc_id", "title", "text")]
    documents = pa.list_(pa.struct([*texts, *((name, pa.float64()) for name in numbers)]))
    names = [(name, pa.string()) for name in ("query_id", "query", *(("prompt",) if prompted else ()))]
    return pa.schema([*names, ("positives", documents), ("negatives", documents)])


def _doc(doc: Scored, numbers: Sequence[str]) -> dict[str, Any]:
    texts = {"doc_id": doc.doc_id, "title": doc.title, "text": doc.text}
    return texts | {name: number(getattr(doc, name)) for name in numbers}


def _check(line: Line, doc: Any, where: str) -> tuple[str, str]:
    if not isinstance(doc, dict):
        raise line.fault(f"{where} holds {doc!r}, expected an object")
    score, weight = doc.get("score"), doc.get("weight", 1)
    if not (score is None or is_number(score)) or not (is_number(weight) and 0 <= weight <= 1):
        raise line.fault(f"{where} holds score {score!r} and weight {weight!r}, expected a number and 0 to 1")
    title, text = str(doc.get("title") or ""), str(doc.get("text") or "")
    whole = line.string(f"{title} {text}".strip(), f"{where} text")
    return line.string(doc.get("doc_id"), f'{where} "doc_id"'), whole
