"""Generates queries for documents, with some of the collection's own pairs as examples.

Sources: Promptagator, arXiv 2209.11755 (few-shot prompts, the round trip); InPars, arXiv 2202.05144; several
kinds of queries as in E5-mistral, arXiv 2401.00368.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import Context
from hardneg.core.records import text_key
from hardneg.core.records.text import id_key
from hardneg.llm.generating.filters import Query, filter_queries, round_trip_filter
from hardneg.llm.generating.folder import write_folder
from hardneg.llm.generating.generate_settings import QueryKind
from hardneg.llm.generating.job import PREFIX, GenerationJob, sample_rows, unreadable, write_record
from hardneg.llm.generating.json_requester import GeneratedTexts, Question
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
        write_folder(folder, collection, [row for row in rows if not row["dropped"]], with_given=given)
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
