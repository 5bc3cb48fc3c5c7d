"""The full records, as JSON lines and Parquet."""

import pytest

from .tiny import written_rows


@pytest.mark.parametrize("name", ["jsonl", "parquet"])
def test_full_records(name, tmp_path):
    found = written_rows(name, tmp_path)
    assert len(found) == 4
    assert found[0]["positives"][0] == {
        "doc_id": "d1",
        "title": "Ёж",
        "text": "text 1",
        "score": 0.9,
        "weight": 1.0,
    }
    third = {"doc_id": "d3", "title": "", "text": "text 3", "score": 0.7, "weight": 0.5}
    assert found[0]["negatives"][0] == third
    assert found[1]["positives"][0]["score"] is None
    assert found[2]["negatives"] == []
