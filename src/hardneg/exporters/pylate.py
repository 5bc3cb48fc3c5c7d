"""PyLate's knowledge distillation, for late-interaction models: ids and scores, and two files of texts.

As read by `pylate.utils.KDProcessing` and `ColBERTCollator` (1.6.0): the training rows have `query_id`,
`document_ids` and `scores`, the queries `query_id, text`, the documents `document_id, text`. A batch's scores
become one tensor, so every row has as many documents and every document has a score; an unknown document
becomes an empty text with no more than a warning. `KDProcessing` cuts rows at `n_ways`, 32 by default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.records import Example
from hardneg.exporters.checks import known, read_ids, read_lines
from hardneg.exporters.rows import Notes, Short, companion_file, number, once, rows_to, uniform

_ROWS = pa.schema(
    [
        ("query_id", pa.string()),
        ("document_ids", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float64())),
    ]
)


@file_format("pylate")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class PyLate(Format):
    """Rows of `query_id, document_ids, scores`, `<out>.queries` and `<out>.documents`: one row a positive.

    Attributes:
        negatives: Negatives a row, the hardest ones; None for as many as the widest example has.
        short: An example with fewer negatives is dropped and counted, or its negatives are repeated in turn,
            or it is an error.
    """

    negatives: Annotated[int, Field(ge=1)] | None = None
    short: Short = "drop"

    usage: ClassVar[str] = (
        "from datasets import load_dataset\nfrom pylate import utils\n\n"
        'train, queries, documents = (load_dataset("{kind}", data_files=name, split="train") for name in\n'
        '    ("{out}", "{stem}.queries{suffix}", "{stem}.documents{suffix}"))\n'
        'ways = len(train[0]["scores"])\n'
        "train.set_transform(utils.KDProcessing(queries=queries, documents=documents, n_ways=ways).transform)"
    )

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the rows, queries and documents; documents without a score are left out."""
        notes, rows = Notes(), 0
        files = [out, companion_file(out, "queries"), companion_file(out, "documents")]
        with (
            rows_to(out, _ROWS) as add,
            _texts(files[1], "query_id") as query,
            _texts(files[2], "document_id") as put,
        ):
            for example in uniform(examples, self.negatives, self.short, notes, scored=True):
                query(example.query_id, example.query)
                for doc in (*example.positives, *example.negatives):
                    put(doc.doc_id, doc.full)
                for row in _rows(example):
                    add(row)
                    rows += 1
        return notes.written(files, rows)

    def lint(self, out: Path) -> None:
        """Checks that ids are in the companion files, and that all rows have as many documents and scores."""
        files = companion_file(out, "queries"), companion_file(out, "documents")
        queries, documents = read_ids(files[0], "query_id"), read_ids(files[1], "document_id")
        width = 0
        for line in read_lines(out):
            ids = line.texts("document_ids")
            known(line, [line.text("query_id")], queries, files[0])
            known(line, ids, documents, files[1])
            width = width or len(ids)
            if len(ids) != width:
                raise line.fault(f'"document_ids" has {len(ids)} ids, the lines above have {width}')
            line.numbers("scores", width)
            line.apart(ids[:1], ids[1:])


@contextmanager
def _texts(path: Path, key: str) -> Iterator[Callable[[str, str], None]]:
    with rows_to(path, pa.schema([(key, pa.string()), ("text", pa.string())])) as add:
        yield once(add, key)


def _rows(example: Example) -> Iterator[dict[str, Any]]:
    for positive in example.positives:
        docs = [positive, *example.negatives]
        ids, scores = [doc.doc_id for doc in docs], [number(doc.score) for doc in docs]
        yield {"query_id": example.query_id, "document_ids": ids, "scores": scores}
