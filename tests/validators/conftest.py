"""Files that validators read."""

import json

import pytest


@pytest.fixture
def judged(tmp_path):
    def written(*verdicts):
        path = tmp_path / "judgments.jsonl"
        rows = [{"query_id": "q", "doc_id": d, "verdict": v, "judge": j} for d, v, j in verdicts]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return written
