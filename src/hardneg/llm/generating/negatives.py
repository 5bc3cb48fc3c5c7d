"""Generates negatives for queries: passages that look relevant and do not answer.

Source: E5-mistral, arXiv 2401.00368, whose prompts ask for a hard negative beside the positive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hardneg.core.components import Context
from hardneg.core.records import Example, Scored, text_key
from hardneg.core.records.text import id_key
from hardneg.exporters.jsonl import JsonLines
from hardneg.llm.generating.job import (
    PREFIX,
    GeneratedTexts,
    GenerationJob,
    Question,
    sample_rows,
    unreadable,
    write_record,
)
from hardneg.llm.prompt import cut

_TOKENS = 600  # per passage of an answer
_NO_SCORE = float("nan")


class NegativeTask:
    """Generates negatives for the queries that have a positive."""

    name, unit = "negatives", "queries"

    def __init__(self, job: GenerationJob) -> None:
        self._job = job
        self._count = job.settings.negatives or 1
        collection = job.collection
        rows = collection.judgments.queries_with_positives
        ids = collection.queries.ids(rows)
        self.rows = sample_rows(job.settings.seed, ids, rows, job.settings.limit)
        self._corpus = frozenset(collection.documents.keys.tolist())

    def question(self, row: int) -> Question:
        """Returns what is asked about a query; the prompt shows its most relevant positive."""
        collection, chosen = self._job.collection, self._job.settings
        [query], [name] = collection.queries.texts([row]), collection.queries.ids([row])
        best = collection.judgments.positives(row)[:1]
        [title], [body] = collection.documents.titles(best), collection.documents.bodies(best)
        document, _ = cut(title, body, chosen.max_characters)
        content = self._job.prompt.fill(query=query, document=document, count=str(self._count))
        return Question(content, "negatives", self._count, _TOKENS * self._count, name, chosen.seed)

    def write(self, results: Sequence[GeneratedTexts], folder: Path, context: Context) -> dict[str, Any]:
        """Writes a training set and the record of all negatives."""
        ids = self._job.collection.queries.ids([result.row for result in results])
        record: list[dict[str, Any]] = []
        examples = []
        for result, query_id in zip(results, ids, strict=True):
            if result.texts is None and result.problem is None:
                record.append(unreadable(result, "query_id", query_id))
            rows = list(self._rows(result, query_id))
            record.extend(rows)
            kept = [(row["doc_id"], row["text"]) for row in rows if not row["dropped"]]
            if kept:
                examples.append(self._example(result.row, query_id, kept))
        written = JsonLines().write(examples, folder / "train.jsonl")
        return {**write_record(folder, record), "rows": written.rows}

    def _rows(self, result: GeneratedTexts, query_id: str) -> Iterator[dict[str, Any]]:
        collection = self._job.collection
        seen = {int(collection.queries.keys[result.row]): "repeats_query"}
        for doc in collection.judgments.positives(result.row).tolist():
            for keys in (collection.documents.keys, collection.documents.body_keys):
                seen[int(keys[doc])] = "repeats_positive"
        for text in result.texts or ():
            key = text_key(text)
            dropped = seen.get(key) or ("in_corpus" if key in self._corpus else None)
            seen.setdefault(key, "duplicate")
            ids = {"query_id": query_id, "doc_id": f"{PREFIX}{id_key(text):016x}", "text": text}
            yield {**ids, **self._job.origin, "dropped": dropped}

    def _example(self, row: int, query_id: str, negatives: Sequence[tuple[str, str]]) -> Example:
        collection = self._job.collection
        docs = collection.judgments.positives(row)
        documents = collection.documents
        columns = (documents.ids(docs), documents.titles(docs), documents.bodies(docs))
        positives = [Scored(*fields, _NO_SCORE) for fields in zip(*columns, strict=True)]
        [query] = collection.queries.texts([row])
        generated = [Scored(doc_id, "", text, _NO_SCORE) for doc_id, text in negatives]
        return Example(query_id, query, positives, generated)
