"""PyLate's three tables."""

from .tiny import QUERY, rows, write


def test_pylate(tmp_path):
    written = write({"pylate": {"short": "repeat"}}, tmp_path)
    train, queries, documents = map(rows, written.files)
    assert train == [
        {"query_id": "q1", "document_ids": ["d1", "d3", "d4"], "scores": [0.9, 0.7, 0.6]},
        {"query_id": "q1", "document_ids": ["d2", "d3", "d4"], "scores": [0.8, 0.7, 0.6]},
        {"query_id": "q4", "document_ids": ["d8", "d1", "d1"], "scores": [0.4, 0.3, 0.3]},
    ]
    assert queries == [{"query_id": "q1", "text": QUERY}, {"query_id": "q4", "text": "fourth"}]
    assert [row["document_id"] for row in documents] == ["d1", "d2", "d3", "d4", "d8"]
    assert [path.name for path in written.files[1:]] == ["train.queries.jsonl", "train.documents.jsonl"]
