"""Rows of Tevatron's first layout."""

from .tiny import written_rows


def test_tevatron(tmp_path):
    found = written_rows("tevatron", tmp_path)
    assert found[2] == {
        "query_id": "q4",
        "query": "fourth",
        "positive_passages": [{"docid": "d8", "title": "", "text": "text 8", "score": 0.4}],
        "negative_passages": [{"docid": "d1", "title": "Ёж", "text": "text 1", "score": 0.3}],
    }
    assert found[1]["positive_passages"][0]["score"] is None
