"""Filters of generated queries: unusable ones, duplicates, and those that do not find their document.

Source of the round trip: Promptagator, arXiv 2209.11755, section 3.2, which calls it consistency filtering.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from hardneg.core.components import RANKERS, Context, OpenedRanker
from hardneg.core.records import Collection, IntArray, Judgments, Queries, rows_of, text_key
from hardneg.llm.generating.generate_settings import QueryKind

_LONGEST = 500
_BLOCK = 1024


class Query(NamedTuple):
    """A query that a model wrote for a document."""

    query_id: str  # the same for the same text, whatever the document
    text: str
    kind: QueryKind
    doc: int  # the document's row
    rank: int | None = None  # of the document in the round trip, from 1
    dropped: str | None = None  # why the query is not used


def filter_queries(queries: Sequence[Query], collection: Collection) -> list[Query]:
    """Returns the queries, unusable ones with the reason.

    | reason | meaning |
    |---|---|
    | `too_long` | More than 500 characters. |
    | `repeats_document` | The query is the document's text or the whole of it with its title. |
    | `given_query` | The collection has it. |
    | `duplicate` | It was written for the same document before. |

    A query that was written for several documents is one query with several positives.
    """
    given = set(collection.queries.keys.tolist())
    documents = collection.documents
    seen: set[tuple[str, int]] = set()
    first: dict[str, str] = {}
    filtered = []
    for query in queries:
        key = text_key(query.text)
        reason = None
        if len(query.text) > _LONGEST:
            reason = "too_long"
        elif key in (int(documents.keys[query.doc]), int(documents.body_keys[query.doc])):
            reason = "repeats_document"
        elif key in given:
            reason = "given_query"
        elif (query.query_id, query.doc) in seen:
            reason = "duplicate"
        seen.add((query.query_id, query.doc))
        text = first.setdefault(query.query_id, query.text)
        filtered.append(query._replace(text=text, dropped=reason))
    return filtered


def round_trip_filter(
    queries: Sequence[Query], collection: Collection, spec: str, top: int, context: Context
) -> tuple[list[Query], dict[str, Any]]:
    """Returns the queries with their documents' ranks, and the ranker's facts.

    Those whose document, or one of the same text, is not among the first `top` are dropped as `not_found`.
    """
    used = [place for place, query in enumerate(queries) if query.dropped is None]
    if not used:
        return list(queries), {}
    generated = _collection([queries[place] for place in used], collection)
    ranker = RANKERS.make(spec).open(generated, context)
    filtered = list(queries)
    with context.progress.task("round trip", len(used), "queries") as task:
        for rows in rows_of(len(used), _BLOCK):
            for row, rank in zip(rows.tolist(), _ranks(ranker, rows, generated, top), strict=True):
                place = used[row]
                dropped = None if rank else "not_found"
                filtered[place] = queries[place]._replace(rank=rank or None, dropped=dropped)
            task.advance(len(rows))
    return filtered, {"spec": spec, "top": top, **ranker.facts}


def _ranks(ranker: OpenedRanker, rows: IntArray, collection: Collection, top: int) -> list[int]:
    """Returns the rank of each query's document, 0 where it is not among the first `top`."""
    first_alike = collection.documents.first_alike
    docs, _ = ranker.search(rows, min(top, len(collection.documents)))
    wanted = first_alike[collection.judgments.doc[rows]]
    hits = (first_alike[docs] == wanted[:, None]) & (docs >= 0)
    ranks: list[int] = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0).tolist()
    return ranks


def _collection(queries: Sequence[Query], collection: Collection) -> Collection:
    """Returns a collection of the same documents with the generated queries and their positives."""
    texts = [query.text for query in queries]
    table = pa.table({"query_id": [query.query_id for query in queries], "text": texts})
    keys = np.fromiter((text_key(text) for text in texts), np.uint64, len(texts))
    docs = np.array([query.doc for query in queries], np.int32)
    places = np.arange(len(queries), dtype=np.int32)
    judgments = Judgments(places, docs, np.ones(len(queries), np.int32))
    return Collection(collection.name, collection.documents, Queries(table, keys), judgments)
