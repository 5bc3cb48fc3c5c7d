"""Writes a BEIR folder with the corpus, its given queries and the generated ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hardneg.core.records import Collection, Documents, rows_of
from hardneg.exporters.lines import rows_to, text_to

_BLOCK = 8192
_HEADER = "query-id\tcorpus-id\tscore"
_ORIGIN = ("doc_id", "kind", "model", "prompt", "seed")


def write_folder(
    folder: Path, collection: Collection, generated: Sequence[Mapping[str, Any]], *, with_given: bool
) -> None:
    """Writes `corpus.jsonl`, `queries.jsonl`, `qrels/train.tsv` and `qrels/generated.tsv`.

    `train` has the judgments of the given and of the generated queries, `generated` the latter alone. In
    `queries.jsonl` the `metadata` of a generated query hold its origin.
    """
    _write_corpus(folder / "corpus.jsonl", collection.documents)
    with rows_to(folder / "queries.jsonl") as add:
        table = collection.queries.table if with_given else collection.queries.table[:0]
        for query_id, text in zip(table["query_id"].to_pylist(), table["text"].to_pylist(), strict=True):
            add({"_id": query_id, "text": text})
        first = {row["query_id"]: row for row in reversed(generated)}
        for row in generated:
            if first[row["query_id"]] is row:
                metadata = {"generated": True, **{name: row[name] for name in _ORIGIN}}
                add({"_id": row["query_id"], "text": row["query"], "metadata": metadata})
    relevance = collection.judgments.min_relevance
    lines = [f"{row['query_id']}\t{row['doc_id']}\t{relevance}" for row in generated]
    _write(folder / "qrels" / "generated.tsv", lines)
    _write(folder / "qrels" / "train.tsv", [*(_given(collection) if with_given else ()), *lines])


def _write_corpus(path: Path, documents: Documents) -> None:
    with rows_to(path) as add:
        for rows in rows_of(len(documents), _BLOCK):
            columns = (documents.ids(rows), documents.titles(rows), documents.bodies(rows))
            for doc_id, title, text in zip(*columns, strict=True):
                add({"_id": doc_id, "title": title, "text": text})


def _given(collection: Collection) -> Iterator[str]:
    judgments = collection.judgments
    queries, docs = collection.queries.ids(judgments.query), collection.documents.ids(judgments.doc)
    for query_id, doc_id, relevance in zip(queries, docs, judgments.relevance.tolist(), strict=True):
        yield f"{query_id}\t{doc_id}\t{relevance}"


def _write(path: Path, lines: Iterable[str]) -> None:
    with text_to(path) as file:
        file.writelines(f"{line}\n" for line in (_HEADER, *lines))
