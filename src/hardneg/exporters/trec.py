"""TREC files: a run of what was chosen, the judgments, and the negatives.

The run has six columns, `query_id Q0 doc_id rank score tag`, with positives and negatives by descending
score; `<out>.qrels` has four, `query_id 0 doc_id relevance`, and holds positives only: a negative that
hardneg chose is not judged. `<out>.negatives.tsv` lists the negatives with their weights. The first two are
trec_eval's formats; columns are parted by white space, so ids with white space cannot be carried. A document
without a score has no place in a run, but stands in the other files.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, field_validator
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.core.lines import text_lines
from hardneg.core.records import Example
from hardneg.exporters.rows import Notes, companion_file, no_spaces, number, text_to, with_positives

_HEADER = "query_id\tdoc_id\tscore\tweight\n"


@file_format("trec")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Trec(Format):
    """`<out>.trec`, `<out>.qrels` and `<out>.negatives.tsv`.

    Attributes:
        tag: The name of the run, its last column.
    """

    tag: str = "hardneg"

    suffix: ClassVar[str] = ".trec"
    usage: ClassVar[str] = "trec_eval {stem}.qrels {out}"

    @field_validator("tag")
    @classmethod
    def _one_word(cls, tag: str) -> str:
        if tag.split() != [tag]:
            raise ValueError("one word is expected")
        return tag

    @property
    def carries_weights(self) -> bool:
        """Each negative has its `weight`."""
        return True

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the three files; examples without a positive are skipped."""
        notes, rows = Notes(), 0
        qrels, negatives = out.with_suffix(".qrels"), companion_file(out, "negatives", ".tsv")
        with text_to(out) as run, text_to(qrels) as judged, text_to(negatives) as chosen:
            chosen.write(_HEADER)
            for example in with_positives(examples, notes):
                lines = _run(example, self.tag, notes)
                run.writelines(lines)
                rows += len(lines)
                judged.writelines(_qrels(example))
                chosen.writelines(_negatives(example))
        return notes.written([out, qrels, negatives], rows)

    def lint(self, out: Path) -> None:
        """Checks columns, ranks and scores of the run, and that no negative is a positive."""
        positives: dict[str, set[str]] = defaultdict(set)
        for _, (query, _, doc, _) in _read(out.with_suffix(".qrels"), 4):
            positives[query].add(doc)
        before = ("", 0, 0.0)
        for place, fields in _read(out, 6):
            query, rank, score = fields[0], *_rank(place, fields)
            if query not in positives:
                raise DataError(f'{place}: query "{query}" has no positive in the qrels')
            if rank != (before[1] + 1 if query == before[0] else 1):
                raise DataError(f"{place}: rank {rank} is out of order; ranks count from 1 in each query")
            if query == before[0] and score > before[2]:
                raise DataError(f"{place}: score {score} is above that of the rank before")
            before = (query, rank, score)
        for place, (query, doc, *_) in islice(
            _read(companion_file(out, "negatives", ".tsv"), 4, "\t"), 1, None
        ):
            if doc in positives.get(query, ()):
                raise DataError(f'{place}: "{doc}" is both a positive and a negative of query "{query}"')


def _run(example: Example, tag: str, notes: Notes) -> list[str]:
    docs = [*example.positives, *example.negatives]
    scored = sorted((doc for doc in docs if math.isfinite(doc.score)), key=lambda doc: -doc.score)
    if not scored:
        notes.skip("no_scores")
    elif len(scored) < len(docs):
        notes["documents_without_score"] += len(docs) - len(scored)
    query = no_spaces("query id", example.query_id)
    return [
        f"{query} Q0 {no_spaces('document id', doc.doc_id)} {rank} {number(doc.score)} {tag}\n"
        for rank, doc in enumerate(scored, 1)
    ]


def _qrels(example: Example) -> Iterator[str]:
    for doc in example.positives:
        yield f"{example.query_id} 0 {no_spaces('document id', doc.doc_id)} 1\n"


def _negatives(example: Example) -> Iterator[str]:
    for doc in example.negatives:
        score, weight = number(doc.score), number(doc.weight)
        shown = "" if score is None else score
        yield f"{example.query_id}\t{no_spaces('document id', doc.doc_id)}\t{shown}\t{weight}\n"


def _read(path: Path, columns: int, separator: str | None = None) -> Iterator[tuple[str, list[str]]]:
    place = ""
    for place, text in text_lines(path, str(path)):
        fields = text.split(separator)
        if len(fields) != columns:
            raise DataError(f"{place}: {counted(len(fields), 'column')} found, {columns} expected")
        yield place, fields
    if not place:
        raise DataError(f"{path}: there is no row in it; was every query skipped?")


def _rank(place: str, fields: list[str]) -> tuple[int, float]:
    try:
        rank, score = int(fields[3]), float(fields[4])
    except ValueError:
        raise DataError(
            f"{place}: rank and score are {fields[3]} and {fields[4]}, expected numbers"
        ) from None
    if not math.isfinite(score):
        raise DataError(f"{place}: score {fields[4]} is not a finite number")
    return rank, score
