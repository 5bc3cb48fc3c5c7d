"""Rows of sentence-transformers' n-tuples."""

import pytest

from hardneg.core.errors import DataError

from .tiny import FOURTH, HEDGEHOG, QUERY, rows, write, written_rows


def test_n_tuple_drops_short_examples(tmp_path):
    written = write("sentence-transformers-n-tuple", tmp_path)
    assert (written.rows, written.skipped, written.notes) == (3, 2, {"no_negatives": 1, "short": 1})
    assert rows(written.files[0])[0] == {
        "anchor": QUERY,
        "positive": HEDGEHOG,
        "negative_1": "text 3",
        "negative_2": FOURTH,
    }


def test_n_tuple_repeats_negatives(tmp_path):
    form = {"sentence-transformers-n-tuple": {"short": "repeat", "negatives": 3, "scores": True}}
    written = write(form, tmp_path)
    assert written.notes["repeated_negatives"] == 2
    assert rows(written.files[0])[-1] == {
        "anchor": "fourth",
        "positive": "text 8",
        "negative_1": HEDGEHOG,
        "negative_2": HEDGEHOG,
        "negative_3": HEDGEHOG,
        "scores": [0.4, 0.3, 0.3, 0.3],
    }


def test_n_tuple_stops_at_short_examples(tmp_path):
    with pytest.raises(DataError, match='"q4" has 1 negative, expected 2'):
        write({"sentence-transformers-n-tuple": {"short": "error"}}, tmp_path)


def test_n_tuple_takes_the_hardest(tmp_path):
    found = written_rows({"sentence-transformers-n-tuple": {"negatives": 1}}, tmp_path)
    assert [row["negative_1"] for row in found] == ["text 3", "text 3", "text 6", HEDGEHOG]
