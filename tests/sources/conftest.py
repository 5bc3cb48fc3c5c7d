from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

from hardneg.core.records import Collection

CARD = """---
configs:
- config_name: {0}corpus
  data_files: [{{split: corpus, path: corpus.jsonl}}]
- config_name: {0}queries
  data_files: [{{split: queries, path: queries.jsonl}}]
- config_name: {1}
  data_files: [{{split: test, path: qrels.jsonl}}]
---
"""
JUDGED = {
    "documents": {"d1": "T one", "d2": "two"},
    "queries": {"q1": "first"},
    "judgments": {("q1", "d1", 2), ("q1", "d2", 0)},
}
"""What `hub_layout` writes, as `contents` tells it."""


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
            "judgments": {(queries.ids([q])[0], docs.ids([d])[0], int(r)) for q, d, r in triples}
            | {(queries.ids([q])[0], docs.ids([d])[0], 0) for q, d in zip(*collection.listed(), strict=True)},
        }

    return plain


@pytest.fixture
def offline(monkeypatch, tmp_path_factory) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))


@pytest.fixture
def hub_layout(write, tmp_path) -> Callable[[str, str], Path]:
    """Returns a function that writes a data set as BEIR and MTEB are on the hub, with the split `test`."""

    def writes(prefix: str, qrels: str) -> Path:
        write("set/README.md", CARD.format(prefix, qrels))
        write(
            "set/corpus.jsonl",
            [{"id": "d1", "title": "T", "text": "one"}, {"id": "d2", "title": "", "text": "two"}],
        )
        write("set/queries.jsonl", [{"_id": "q1", "text": "first"}])
        judged = [{"query-id": "q1", "corpus-id": f"d{n}", "score": s} for n, s in ((1, 2.0), (2, 0.0))]
        write("set/qrels.jsonl", judged)
        return tmp_path / "set"

    return writes
