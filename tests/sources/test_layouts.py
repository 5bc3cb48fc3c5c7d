"""Rows of trainers' layouts: what they hold."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources.layouts import LAYOUTS, CompanionTexts, layout_of

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


def test_lists_with_a_value_a_document_have_as_many(tmp_path):
    row = {"anchor": "amber", "documents": ["resin", "birch"], "labels": [1]}
    with pytest.raises(DataError, match='^line 1: "labels" has 1 value for 2 documents$'):
        LAYOUTS["sentence-transformers-labeled-list"].entry(row, "line 1", TEXTS)
