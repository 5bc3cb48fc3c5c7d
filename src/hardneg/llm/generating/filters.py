"""Filters of generated queries: unusable ones and duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hardneg.core.records import Collection, text_key
from hardneg.llm.generating.generate_settings import QueryKind

_LONGEST = 500


class Query(NamedTuple):
    """A query that a model wrote for a document.

    Attributes:
        query_id: The same for the same text, whatever the document.
        text: One line.
        kind: The requested kind.
        doc: The document's row.
        rank: The document's rank in the round trip, from 1; None if not retrieved or not searched for.
        dropped: Why the query is not used; None if it is.
    """

    query_id: str
    text: str
    kind: QueryKind
    doc: int
    rank: int | None = None
    dropped: str | None = None


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
