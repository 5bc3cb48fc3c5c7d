"""Tevatron's second layout: ids, with the texts in a companion file.

As read by `tevatron.retriever.dataset.TrainDataset` (GitHub, commit 0a9626f): `query_id`, `query_text`,
`positive_document_ids`, `negative_document_ids`, and a corpus of `docid, text`. It reads no titles from the
corpus when it trains, so a document's title stands at the head of its text. Its `DistilTrainDataset` wants
row numbers as ids here; for distillation use the first layout, `tevatron`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.records import Example
from hardneg.exporters.checks import known, read_ids, read_lines
from hardneg.exporters.rows import Notes, companion_file, once, rows_to, usable


@file_format("tevatron-v2")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TevatronV2(Format):
    """Lines of `query_id, query_text, positive_document_ids, negative_document_ids`, and `<out>.corpus`."""

    usage: ClassVar[str] = (
        "python -m tevatron.retriever.driver.train --dataset_name json --dataset_path {out} "
        "--corpus_name json --corpus_path {stem}.corpus.jsonl ..."
    )

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes lines and corpus; examples without a positive or a negative are skipped."""
        notes, rows = Notes(), 0
        corpus = companion_file(out, "corpus")
        with rows_to(out) as add, rows_to(corpus) as add_document:
            put = once(add_document, "docid")
            for example in usable(examples, notes):
                row: dict[str, object] = {"query_id": example.query_id, "query_text": example.query}
                row["positive_document_ids"] = [doc.doc_id for doc in example.positives]
                row["negative_document_ids"] = [doc.doc_id for doc in example.negatives]
                add(row)
                rows += 1
                for doc in (*example.positives, *example.negatives):
                    put(doc.doc_id, doc.full)
        return notes.written([out, corpus], rows)

    def lint(self, out: Path) -> None:
        """Checks the corpus, and that all ids of the training set stand in it."""
        corpus = companion_file(out, "corpus")
        ids = read_ids(corpus, "docid")
        for line in read_lines(out):
            line.text("query_id")
            line.text("query_text")
            positives, negatives = line.texts("positive_document_ids"), line.texts("negative_document_ids")
            line.apart(positives, negatives)
            known(line, [*positives, *negatives], ids, corpus)
