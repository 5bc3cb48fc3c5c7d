"""Queries for documents, written by a model that may see some of the collection's own pairs.

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
from hardneg.llm.generating.filters import Query, filter_queries
from hardneg.llm.generating.folder import write_folder
from hardneg.llm.generating.generate_settings import QueryKind
from hardneg.llm.generating.job import PREFIX, GenerationJob, drawn, unreadable, write_record
from hardneg.llm.generating.json_requester import Outcome, Question
from hardneg.llm.generating.round_trip_filter import round_trip_filter
from hardneg.llm.prompt import mark_of
from hardneg.llm.texts import cut
from hardneg.sources.builder import WHOLE

KINDS: dict[QueryKind, str] = {
    "question": "a question, one sentence that ends with a question mark",
    "keywords": "keywords, two to six words as typed into a search box, no sentence",
    "claim": "a claim, one sentence that states something the document confirms",
}
"""What the prompt says of each kind."""
_LONGEST_ANSWER = 512
_TOKENS = 96  # an answer may have for each query
_EXAMPLE = 800  # characters of an example's document
_INTRODUCTION = "Queries of other documents of the same collection show what people look for there:\n\n"


class QueryWork:
    """Writes queries for the documents that no query has as a positive, or for all.

    Args:
        order: What is to be written.
    """

    name, unit = "queries", "documents"

    def __init__(self, order: GenerationJob) -> None:
        self._order = order
        documents, chosen = order.collection.documents, order.settings
        judgments = order.collection.judgments
        free = np.ones(len(documents), bool)
        if chosen.also is None:
            free[judgments.doc[judgments.relevance >= judgments.min_relevance]] = False
        rows = np.flatnonzero(free).astype(np.int32)
        self.rows = drawn(chosen.seed, documents.ids(rows), rows, chosen.limit)
        self._examples = self._drawn_examples()

    def question(self, row: int) -> Question:
        """Returns what is asked about a document."""
        chosen, documents = self._order.settings, self._order.collection.documents
        [title], [body], [name] = documents.titles([row]), documents.bodies([row]), documents.ids([row])
        document, _ = cut(title, body, chosen.max_characters)
        examples = [pair[1:] for pair in self._examples if pair[0] != row][: chosen.examples]
        mark = mark_of(document, *(text for pair in examples for text in pair))
        content = self._order.prompt.fill(
            count=str(chosen.queries),
            kinds="\n".join(f"{n}. {KINDS[kind]}" for n, kind in enumerate(self.kinds(row), 1)),
            examples=_shown(examples, mark),
            document=document,
            mark=mark,
        )
        longest = max(_LONGEST_ANSWER, _TOKENS * chosen.queries)
        return Question(content, "queries", chosen.queries, longest, name, chosen.seed)

    def kinds(self, row: int) -> list[QueryKind]:
        """Returns the kinds of a document's queries, in turn from one drawn from the seed and its id."""
        chosen = self._order.settings
        [name] = self._order.collection.documents.ids([row])
        first = id_key(f"{chosen.seed}\0kind\0{name}")
        return [chosen.kinds[(first + n) % len(chosen.kinds)] for n in range(chosen.queries)]

    def write(self, outcomes: Sequence[Outcome], folder: Path, context: Context) -> dict[str, Any]:
        """Writes a BEIR folder and the record of all queries; see `Work.write`."""
        collection, chosen = self._order.collection, self._order.settings
        queries = filter_queries(
            [query for outcome in outcomes for query in self._queries(outcome)], collection
        )
        facts: dict[str, Any] = {}
        if chosen.round_trip:
            queries, facts = round_trip_filter(queries, collection, chosen.ranker, chosen.round_trip, context)
        rows = [self._row(query) for query in queries]
        ids = collection.documents.ids([outcome.row for outcome in outcomes])
        broken = [
            unreadable(outcome, "doc_id", name)
            for outcome, name in zip(outcomes, ids, strict=True)
            if outcome.texts is None and outcome.problem is None
        ]
        given = self._order.split in WHOLE
        write_folder(folder, collection, [row for row in rows if not row["dropped"]], with_given=given)
        return {
            **write_record(folder, [*rows, *broken]),
            "examples": min(chosen.examples, len(self._examples)),
            "ranker": facts,
        }

    def _queries(self, outcome: Outcome) -> Iterator[Query]:
        for text, kind in zip(outcome.texts or (), self.kinds(outcome.row), strict=False):
            line = " ".join(text.split())
            yield Query(f"{PREFIX}{text_key(line):016x}", line, kind, outcome.row)

    def _row(self, query: Query) -> dict[str, Any]:
        [doc_id] = self._order.collection.documents.ids([query.doc])
        told = {"query_id": query.query_id, "query": query.text, "doc_id": doc_id, "kind": query.kind}
        return {**told, **self._order.origin, "rank": query.rank, "dropped": query.dropped}

    def _drawn_examples(self) -> list[tuple[int, str, str]]:
        """Returns (document row, document, query) of judged pairs, one more than are shown."""
        collection, chosen = self._order.collection, self._order.settings
        rows = collection.judgments.queries_with_positives
        if not chosen.examples or not len(rows):
            return []
        picked = drawn(chosen.seed, collection.queries.ids(rows), rows, chosen.examples + 1)
        found = []
        for row, query in zip(picked.tolist(), collection.queries.texts(picked), strict=True):
            doc = int(collection.judgments.positives(row)[0])
            [title], [body] = collection.documents.titles([doc]), collection.documents.bodies([doc])
            found.append((doc, cut(title, body, _EXAMPLE)[0], query))
        return found


def _shown(examples: Sequence[tuple[str, ...]], mark: str) -> str:
    """Returns how the prompt shows examples, empty if there are none."""
    told = "".join(
        f"<{tag} {mark}>\n{text}\n</{tag} {mark}>\n\n"
        for pair in examples
        for tag, text in zip(("example", "its-query"), pair, strict=True)
    )
    return f"{_INTRODUCTION}{told}" if told else ""
