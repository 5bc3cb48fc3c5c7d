"""What a row of a training set says."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources.entries import Document, Entry, list_in, places_in, query_id_of, text_in


def test_positives_and_negatives_of_an_entry():
    documents = [Document("a"), Document("b", relevance=0), Document("", relevance=None)]
    entry = Entry("q", documents)
    assert [each.text for each in entry.positives] == ["a"]
    assert [each.text for each in entry.negatives] == ["b"]


def test_places_in_the_lists_of_columns():
    assert places_in(["pos", "pos", "neg", "neg", "neg"]) == [0, 1, 0, 1, 2]


def test_values_of_a_row():
    row = {"query_id": 7, "texts": ["a"], "other": "b"}
    assert query_id_of(row, "f:1") == "7" and query_id_of({}, "f:1") is None
    assert list_in(row, "texts", "f:1") == ["a"] and text_in("b", "it", "f:1") == "b"
    for wrong in (lambda: list_in(row, "other", "f:1"), lambda: text_in(3, '"other"', "f:1")):
        with pytest.raises(DataError, match='^f:1: "other" is not a '):
            wrong()
