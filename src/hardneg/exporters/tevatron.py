"""Tevatron's first layout: texts in place.

As read by `tevatron.datasets.preprocessor.TrainPreProcessor` (0.1.0, PyPI) and by the branch for
`positive_passages` of `tevatron.retriever.dataset.TrainDataset` (GitHub, commit 0a9626f): `query_id`,
`query`, `positive_passages` and `negative_passages`, lists of `{docid, title, text}`; the latter's
`DistilTrainDataset` reads `score` from each passage. Negatives are drawn from the list with replacement when
it is too short, which an empty list stops. A passage with `title` null stops it too, so every passage has
one, be it empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.records import Example, Scored
from hardneg.exporters.checks import Line, is_number, read_lines
from hardneg.exporters.rows import Notes, number, usable, write_rows


@file_format("tevatron")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Tevatron(Format):
    """Lines of `query_id, query, positive_passages, negative_passages`.

    Attributes:
        scores: Give every passage its `score`, null where it has none, for distillation.
    """

    scores: bool = True

    usage: ClassVar[str] = (
        "python -m tevatron.retriever.driver.train --dataset_name json --dataset_path {out} ..."
    )

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the lines; examples without a positive or a negative are skipped."""
        notes = Notes()
        return write_rows(map(self._row, usable(examples, notes)), out, notes)

    def lint(self, out: Path) -> None:
        """Checks that both lists hold passages with an id, a title and a text."""
        for line in read_lines(out):
            line.text("query_id")
            line.text("query")
            positives = _check_passages(line, "positive_passages")
            line.apart(positives, _check_passages(line, "negative_passages"))

    def _row(self, example: Example) -> dict[str, Any]:
        return {
            "query_id": example.query_id,
            "query": example.query,
            "positive_passages": [self._passage(doc) for doc in example.positives],
            "negative_passages": [self._passage(doc) for doc in example.negatives],
        }

    def _passage(self, doc: Scored) -> dict[str, Any]:
        score = {"score": number(doc.score)} if self.scores else {}
        return {"docid": doc.doc_id, "title": doc.title, "text": doc.text, **score}


def _check_passages(line: Line, key: str) -> list[str]:
    texts = []
    for place, passage in enumerate(line.items(key)):
        where = f'"{key}"[{place}]'
        if not isinstance(passage, dict) or not isinstance(passage.get("title"), str):
            raise line.fault(f'{where} has no "title"; without a title it must be an empty text')
        line.string(passage.get("docid"), f'{where} "docid"')
        if passage.get("score") is not None and not is_number(passage["score"]):
            raise line.fault(f'{where} "score" is {passage["score"]!r}, expected a number')
        body = passage.get("text")
        texts.append(line.string(f"{passage['title']} {body}" if isinstance(body, str) else body, where))
    return texts
