from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hardneg.records import Collection


@pytest.fixture
def contents() -> Callable[[Collection], dict[str, Any]]:
    """Returns a function that turns a collection into plain values, to compare with."""

    def plain(collection: Collection) -> dict[str, Any]:
        docs, queries, judged = collection.documents, collection.queries, collection.judgments
        doc_rows, query_rows = range(len(docs)), range(len(queries))
        triples = zip(judged.query, judged.doc, judged.relevance, strict=True)
        return {
            "documents": dict(zip(docs.ids(doc_rows), docs.texts(doc_rows), strict=True)),
            "queries": dict(zip(queries.ids(query_rows), queries.texts(query_rows), strict=True)),
            "judgments": {(queries.ids([q])[0], docs.ids([d])[0], int(r)) for q, d, r in triples},
        }

    return plain
