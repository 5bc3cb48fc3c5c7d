"""Rows of Tevatron's second layout, and its corpus."""

from .tiny import HEDGEHOG, rows, write


def test_tevatron_v2(tmp_path):
    written = write("tevatron-v2", tmp_path)
    assert [path.name for path in written.files] == ["train.jsonl", "train.corpus.jsonl"]
    assert rows(written.files[0])[2] == {
        "query_id": "q4",
        "query_text": "fourth",
        "positive_document_ids": ["d8"],
        "negative_document_ids": ["d1"],
    }
    corpus = rows(written.files[1])
    assert [row["docid"] for row in corpus] == ["d1", "d2", "d3", "d4", "d5", "d6", "d8"]
    assert corpus[0] == {"docid": "d1", "text": HEDGEHOG}
