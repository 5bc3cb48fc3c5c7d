"""Rows of sentence-transformers' triplets."""

from .tiny import FOURTH, HEDGEHOG, QUERY, rows, write


def test_triplet(tmp_path):
    written = write("sentence-transformers-triplet", tmp_path)
    assert (written.rows, written.skipped, written.notes) == (7, 1, {"no_negatives": 1})
    assert rows(written.files[0]) == [
        {"anchor": QUERY, "positive": HEDGEHOG, "negative": "text 3"},
        {"anchor": QUERY, "positive": HEDGEHOG, "negative": FOURTH},
        {"anchor": QUERY, "positive": "text 2", "negative": "text 3"},
        {"anchor": QUERY, "positive": "text 2", "negative": FOURTH},
        {"anchor": "second", "positive": "text 5", "negative": "text 6"},
        {"anchor": "second", "positive": "text 5", "negative": "text 3"},
        {"anchor": "fourth", "positive": "text 8", "negative": HEDGEHOG},
    ]


def test_triplet_with_scores(tmp_path):
    written = write({"sentence-transformers-triplet": {"scores": True}}, tmp_path)
    assert written.notes == {"documents_without_score": 2, "no_negatives": 1, "no_positives": 1}
    assert [row["scores"] for row in rows(written.files[0])] == [
        [0.9, 0.7],
        [0.9, 0.6],
        [0.8, 0.7],
        [0.8, 0.6],
        [0.4, 0.3],
    ]
