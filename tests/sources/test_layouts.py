"""Rows of trainers' layouts: what they hold, and what is left without some negatives."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources.layouts import LAYOUTS, CompanionTexts, layout_of, without_places

TEVATRON = {
    "query_id": "q",
    "query": "amber",
    "positive_passages": [{"docid": "a", "title": "A", "text": "amber is a resin"}],
    "negative_passages": [{"docid": "b", "text": "birch"}, {"docid": "c", "text": "cedar"}],
}
IDS = {"query_id": "q", "document_ids": ["a", "b", "c"], "scores": [3.0, 2.0, 1.0]}
TEXTS = CompanionTexts({"q": "amber"}, {"a": "resin", "b": "birch", "c": "cedar"})


@pytest.mark.parametrize(
    ("row", "name"), [(TEVATRON, "tevatron"), (IDS, "pylate"), ({"anchor": "q", "positive": "p"}, None)]
)
def test_the_columns_tell_the_layout(row, name):
    assert layout_of(row) == name


def test_passages_are_positives_and_negatives_in_their_order():
    entry = LAYOUTS["tevatron"].entry(TEVATRON, "line 1", CompanionTexts())
    assert [(text.doc_id, text.title, text.text) for text in entry.positives] == [
        ("a", "A", "amber is a resin")
    ]
    assert [text.doc_id for text in entry.negatives] == ["b", "c"]


def test_ids_are_looked_up_in_the_companion_files():
    entry = LAYOUTS["pylate"].entry(IDS, "line 1", TEXTS)
    assert entry.query == "amber"
    assert [text.text for text in (*entry.positives, *entry.negatives)] == ["resin", "birch", "cedar"]
    with pytest.raises(DataError, match='line 1: document id "c" of "document_ids"'):
        LAYOUTS["pylate"].entry(IDS, "line 1", CompanionTexts({"q": "amber"}, {"a": "", "b": ""}))


def test_rows_keep_their_width_and_scores_stay_with_their_documents():
    left = LAYOUTS["pylate"].without(IDS, frozenset([0]))
    assert left == {"query_id": "q", "document_ids": ["a", "c", "c"], "scores": [3.0, 1.0, 1.0]}
    assert LAYOUTS["pylate"].without(IDS, frozenset([0, 1])) is None


def test_places_count_behind_the_values_that_stay():
    assert without_places("abcd", frozenset([0, 2])) == ["b", "d"]
    assert without_places("pabc", frozenset([0, 2]), 1) == ["p", "b"]
