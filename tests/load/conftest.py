from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard

from hardneg.records import Collection

Write = Callable[[str, Any], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file below tmp_path: text or bytes as they are, a list as JSON lines; packed by its suffix."""

    def writes(name: str, content: str | bytes | Sequence[Any]) -> Path:
        if not isinstance(content, str | bytes):
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed(data, path.suffix))
        return path

    return writes


def packed(data: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(data)
    return zstandard.ZstdCompressor().compress(data) if suffix == ".zst" else data


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
