"""NeMo AutoModel's corpus-id layout, for its bi-encoders and cross-encoders.

As read by `nemo_automodel.components.datasets.llm.retrieval_dataset.load_datasets` (0.7.0): one JSON object
with `corpus`, a list of folders, and `data`, a list of questions with the ids of their documents; the folder
holds Parquet with `id, text` and `merlin_metadata.json`. A relative path of the folder counts from the JSON
file. The documents' `score`, as NeMo's own miner writes it, is passed over in training. Files named .jsonl,
.csv or .tsv would be read as another layout. An empty `neg_doc` stops the training.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, TextIO

import pyarrow as pa
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.errors import DataError, problem
from hardneg.core.files import write_text
from hardneg.core.records import Example, Scored
from hardneg.exporters.checks import Line, known, read_ids
from hardneg.exporters.rows import Add, Notes, companion_file, number, once, rows_to, text_to, to_json, usable


@file_format("nemo")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Nemo(Format):
    """`<out>.json` with the questions, and the folder `<out>.corpus` with the documents.

    Attributes:
        corpus_id: The name by which questions refer to the corpus, unlike that of any other corpus of the
            training; None for the name of the main file.
        query_instruction: Put before queries when NeMo is run with `use_dataset_instruction: true`.
        passage_instruction: Put before documents then.
    """

    corpus_id: str | None = None
    query_instruction: str = ""
    passage_instruction: str = ""

    suffix: ClassVar[str] = ".json"
    usage: ClassVar[str] = (
        "dataset:\n"
        "  _target_: nemo_automodel.components.datasets.llm.make_retrieval_dataset\n"
        "  data_dir_list: [{out}]"
    )

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes questions and corpus; examples without a positive or a negative are skipped."""
        _check_name(out)
        notes = Notes()
        corpus = companion_file(out, "corpus", "")
        schema = pa.schema([("id", pa.string()), ("text", pa.string())])
        with text_to(out) as opened, rows_to(corpus / "train.parquet", schema) as add_document:
            rows = self._write_questions(usable(examples, notes), opened, add_document, out)
            write_text(corpus / "merlin_metadata.json", to_json(self._metadata(out)) + "\n")
        return notes.written([out, corpus], rows)

    def lint(self, out: Path) -> None:
        """Checks the metadata, the corpus, and that every question has documents that stand in the corpus."""
        _check_name(out)
        corpus = companion_file(out, "corpus", "")
        metadata = _read(corpus / "merlin_metadata.json")
        ids = read_ids(corpus / "train.parquet", "id")
        questions = Line(str(out), _read(out).row).items("data")
        for place, question in enumerate(questions):
            line = Line(f"{out}: data[{place}]", question)
            if line.text("corpus_id") != metadata.text("corpus_id"):
                raise line.fault(f"unknown corpus_id {line.text('corpus_id')!r}")
            line.text("question_id")
            line.text("question")
            positives, negatives = _ids(line, "pos_doc"), _ids(line, "neg_doc")
            known(line, [*positives, *negatives], ids, corpus)
            line.apart(positives, negatives)

    def _write_questions(self, examples: Iterator[Example], opened: TextIO, add: Add, out: Path) -> int:
        put, rows = once(add, "id"), 0
        opened.write('{"corpus": [' + to_json({"path": f"{out.stem}.corpus"}) + '], "data": [')
        for rows, example in enumerate(examples, 1):
            opened.write(",\n" if rows > 1 else "\n")
            opened.write(to_json(self._question(example, out)))
            for doc in (*example.positives, *example.negatives):
                put(doc.doc_id, doc.full)
        opened.write("\n]}\n")
        return rows

    def _question(self, example: Example, out: Path) -> dict[str, Any]:
        return {
            "question_id": example.query_id,
            "question": example.query,
            "corpus_id": self.corpus_id or out.stem,
            "pos_doc": [_document(doc) for doc in example.positives],
            "neg_doc": [_document(doc) for doc in example.negatives],
        }

    def _metadata(self, out: Path) -> dict[str, str]:
        given = {"query_instruction": self.query_instruction, "passage_instruction": self.passage_instruction}
        filled = {name: value for name, value in given.items() if value}
        return {"class": "TextQADataset", "corpus_id": self.corpus_id or out.stem, **filled}


def _document(doc: Scored) -> dict[str, Any]:
    score = number(doc.score)
    return {"id": doc.doc_id} if score is None else {"id": doc.doc_id, "score": score}


def _check_name(out: Path) -> None:
    if out.suffix != ".json":
        raise DataError(f"{out}: NeMo reads this layout from files that end in .json; rename it")


def _read(path: Path) -> Line:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"cannot read {path}: {problem(error)}") from error
    if not isinstance(read, dict):
        raise DataError(f"{path}: a JSON object is expected")
    return Line(str(path), read)


def _ids(line: Line, key: str) -> list[str]:
    return [
        line.string(doc.get("id") if isinstance(doc, dict) else doc, f'"{key}" id') for doc in line.items(key)
    ]
