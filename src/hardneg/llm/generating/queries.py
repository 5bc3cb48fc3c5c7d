"""Generates queries for documents, with some of the collection's own pairs as examples.

Sources: Promptagator, arXiv 2209.11755 (few-shot prompts, the round trip); InPars, arXiv 2202.05144; several
kinds of queries as in E5-mistral, arXiv 2401.00368.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import Context
from hardneg.core.records import Collection, Documents, rows_of, text_key
from hardneg.core.records.text import id_key
from hardneg.exporters.rows import rows_to, text_to
from hardneg.llm.generating.filters import Query, filter_queries, round_trip_filter
from hardneg.llm.generating.generate_settings import QueryKind
from hardneg.llm.generating.job import (
    PREFIX,
    GeneratedTexts,
    GenerationJob,
    Question,
    sample_rows,
    unreadable,
    write_record,
)
from hardneg.llm.prompt import cut, mark_of
from hardneg.sources.builder import WHOLE

KINDS: dict[QueryKind, str] = {
    "question": "a question, one sentence that ends with a question mark",
    "keywords": "keywords, two to six words as typed into a search box, no sentence",
    "claim": "a claim, one sentence that states something the document confirms",
}
"""The description of each kind in the prompt."""
_LONGEST_ANSWER = 512
_TOKENS = 96  # per query of an answer
_EXAMPLE = 800  # characters of an example's document
_INTRODUCTION = "Queries of other documents of the same collection show what people look for there:\n\n"
_BLOCK = 8192
_HEADER = "query-id\tcorpus-id\tscore"
_ORIGIN = ("doc_id", "kind", "model", "prompt", "seed")


class QueryTask:
    """Generates queries for the documents that no query has as a positive, or for all."""

    name, unit = "queries", "documents"

    def __init__(self, job: GenerationJob) -> None:
        self._job = job
        documents, chosen = job.collection.documents, job.settings
        judgments = job.collection.judgments
        free = np.ones(len(documents), bool)
        if chosen.also is None:
            free[judgments.doc[judgments.relevance >= judgments.min_relevance]] = False
        rows = np.flatnonzero(free).astype(np.int32)
        self.rows = sample_rows(chosen.seed, documents.ids(rows), rows, chosen.limit)
        self._examples = self._sampled_examples()

    def question(self, row: int) -> Question:
        """Returns the question about a document."""
        chosen, documents = self._job.settings, self._job.collection.documents
        [title], [body], [name] = documents.titles([row]), documents.bodies([row]), documents.ids([row])
        document, _ = cut(title, body, chosen.max_characters)
        examples = [pair[1:] for pair in self._examples if pair[0] != row][: chosen.examples]
        mark = mark_of(document, *(text for pair in examples for text in pair))
        content = self._job.prompt.fill(
            count=str(chosen.queries),
            kinds="\n".join(f"{n}. {KINDS[kind]}" for n, kind in enumerate(self.kinds(row), 1)),
            examples=_shown(examples, mark),
            document=document,
            mark=mark,
        )
        longest = max(_LONGEST_ANSWER, _TOKENS * chosen.queries)
        return Question(content, "queries", chosen.queries, longest, name, chosen.seed)

    def kinds(self, row: int) -> list[QueryKind]:
        """Returns the kinds of a document's queries, in turn, the first drawn from the seed and its id."""
        chosen = self._job.settings
        [name] = self._job.collection.documents.ids([row])
        first = id_key(f"{chosen.seed}\0kind\0{name}")
        return [chosen.kinds[(first + n) % len(chosen.kinds)] for n in range(chosen.queries)]

    def write(self, results: Sequence[GeneratedTexts], folder: Path, context: Context) -> dict[str, Any]:
        """Writes a BEIR folder and the record of all queries."""
        collection, chosen = self._job.collection, self._job.settings
        queries = filter_queries([query for result in results for query in self._queries(result)], collection)
        facts: dict[str, Any] = {}
        if chosen.round_trip:
            queries, facts = round_trip_filter(queries, collection, chosen.ranker, chosen.round_trip, context)
        rows = [self._row(query) for query in queries]
        ids = collection.documents.ids([result.row for result in results])
        broken = [
            unreadable(result, "doc_id", name)
            for result, name in zip(results, ids, strict=True)
            if result.texts is None and result.problem is None
        ]
        given = self._job.split in WHOLE
        _write_folder(folder, collection, [row for row in rows if not row["dropped"]], with_given=given)
        return {
            **write_record(folder, [*rows, *broken]),
            "examples": min(chosen.examples, len(self._examples)),
            "ranker": facts,
        }

    def _queries(self, result: GeneratedTexts) -> Iterator[Query]:
        for text, kind in zip(result.texts or (), self.kinds(result.row), strict=False):
            line = " ".join(text.split())
            yield Query(f"{PREFIX}{text_key(line):016x}", line, kind, result.row)

    def _row(self, query: Query) -> dict[str, Any]:
        [doc_id] = self._job.collection.documents.ids([query.doc])
        fields = {"query_id": query.query_id, "query": query.text, "doc_id": doc_id, "kind": query.kind}
        return {**fields, **self._job.origin, "rank": query.rank, "dropped": query.dropped}

    def _sampled_examples(self) -> list[tuple[int, str, str]]:
        """Returns (document row, document, query) of judged pairs, one more than are shown."""
        collection, chosen = self._job.collection, self._job.settings
        rows = collection.judgments.queries_with_positives
        if not chosen.examples or not len(rows):
            return []
        examples = sample_rows(chosen.seed, collection.queries.ids(rows), rows, chosen.examples + 1)
        pairs = []
        for row, query in zip(examples.tolist(), collection.queries.texts(examples), strict=True):
            doc = int(collection.judgments.positives(row)[0])
            [title], [body] = collection.documents.titles([doc]), collection.documents.bodies([doc])
            pairs.append((doc, cut(title, body, _EXAMPLE)[0], query))
        return pairs


def _shown(examples: Sequence[tuple[str, ...]], mark: str) -> str:
    """Returns the prompt's section of examples; empty without examples."""
    shown = "".join(
        f"<{tag} {mark}>\n{text}\n</{tag} {mark}>\n\n"
        for pair in examples
        for tag, text in zip(("example", "its-query"), pair, strict=True)
    )
    return f"{_INTRODUCTION}{shown}" if shown else ""


def _write_folder(
    folder: Path, collection: Collection, generated: Sequence[Mapping[str, Any]], *, with_given: bool
) -> None:
    """Writes `corpus.jsonl`, `queries.jsonl`, `qrels/train.tsv` and `qrels/generated.tsv`.

    `train` has the judgments of the given and of the generated queries, `generated` the latter alone. In
    `queries.jsonl` the `metadata` of a generated query hold its origin.
    """
    _write_corpus(folder / "corpus.jsonl", collection.documents)
    with rows_to(folder / "queries.jsonl") as add:
        table = collection.queries.table if with_given else collection.queries.table[:0]
        for row in table.rename_columns(["_id", *table.column_names[1:]]).to_pylist():
            add(row)
        first = {row["query_id"]: row for row in reversed(generated)}
        for row in generated:
            if first[row["query_id"]] is row:
                metadata = {"generated": True, **{name: row[name] for name in _ORIGIN}}
                add({"_id": row["query_id"], "text": row["query"], "metadata": metadata})
    relevance = collection.judgments.min_relevance
    lines = [f"{row['query_id']}\t{row['doc_id']}\t{relevance}" for row in generated]
    _write_lines(folder / "qrels" / "generated.tsv", lines)
    _write_lines(folder / "qrels" / "train.tsv", [*(_given(collection) if with_given else ()), *lines])


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


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with text_to(path) as file:
        file.writelines(f"{line}\n" for line in (_HEADER, *lines))
