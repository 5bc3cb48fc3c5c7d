"""Rows of sentence-transformers' labeled lists."""

from .tiny import FOURTH, HEDGEHOG, QUERY, written_rows


def test_labeled_list(tmp_path):
    assert written_rows("sentence-transformers-labeled-list", tmp_path) == [
        {"anchor": QUERY, "documents": [HEDGEHOG, "text 2", "text 3", FOURTH], "labels": [1, 1, 0, 0]},
        {"anchor": "second", "documents": ["text 5", "text 6", "text 3"], "labels": [1, 0, 0]},
        {"anchor": "fourth", "documents": ["text 8", HEDGEHOG], "labels": [1, 0]},
    ]


def test_labeled_list_with_scores(tmp_path):
    found = written_rows({"sentence-transformers-labeled-list": {"scores": True}}, tmp_path)
    assert [row["scores"] for row in found] == [[0.9, 0.8, 0.7, 0.6], [0.4, 0.3]]
