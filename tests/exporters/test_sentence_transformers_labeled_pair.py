"""Rows of sentence-transformers' labeled pairs."""

from .tiny import FOURTH, HEDGEHOG, rows, write, written_rows


def test_labeled_pair(tmp_path):
    found = written_rows("sentence-transformers-labeled-pair", tmp_path)
    assert [(row["document"], row["label"]) for row in found] == [
        (HEDGEHOG, 1),
        ("text 2", 1),
        ("text 3", 0),
        (FOURTH, 0),
        ("text 5", 1),
        ("text 6", 0),
        ("text 3", 0),
        ("text 7", 1),
        ("text 8", 1),
        (HEDGEHOG, 0),
    ]
    assert list(found[0]) == ["anchor", "document", "label"]


def test_labeled_pair_with_scores(tmp_path):
    written = write({"sentence-transformers-labeled-pair": {"scores": True}}, tmp_path)
    assert written.notes == {"documents_without_score": 2}
    assert rows(written.files[0])[4] == {"anchor": "second", "document": "text 6", "score": 0.5}


def test_labeled_pair_with_probabilities(tmp_path):
    written = write({"sentence-transformers-labeled-pair": {"labels": "probability"}}, tmp_path)
    assert rows(written.files[0])[2] == {"anchor": "что такое ёж?", "document": "text 3", "label": 0.5}
