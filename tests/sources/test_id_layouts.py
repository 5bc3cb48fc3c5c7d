"""Rows that name documents by their ids."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources.entries import CompanionTexts
from hardneg.sources.id_layouts import ID_LAYOUTS

TEXTS = CompanionTexts({"7": "amber"}, {"1": "resin", "2": "birch", "3": "cedar"})
RANKED = {"query_id": 7, "document_ids": [1, 2, 3], "scores": [3, 2, 1]}


def by_id(name, row):
    return ID_LAYOUTS[name].by_id(row, "f:1")


def test_of_ranked_documents_the_first_is_the_positive_unless_others_are_named():
    assert by_id("pylate", RANKED).positive == [True, False, False]
    named = by_id("pylate", {**RANKED, "positive_ids": [3, 9]})
    assert named.positive == [False, False, True] and named.also == ["9"]
    assert by_id("pylate", {**RANKED, "document_ids": [], "scores": []}).ids == []


def test_records_of_ids_have_scores_of_their_own():
    row = {"question": "q", "pos_doc": ["1"], "neg_doc": [{"id": 2, "score": 0.5}, {"id": 3, "score": None}]}
    found = by_id("nemo", row)
    assert found.ids == ["1", "2", "3"] and found.columns == ["pos_doc", "neg_doc", "neg_doc"]
    assert [None if one != one else one for one in found.scores["scores"]] == [None, 0.5, None]
    with pytest.raises(DataError, match=r'in "pos_doc" has no "id"$'):
        by_id("nemo", {"question": "q", "pos_doc": [{"score": 1}]})


def test_a_hash_of_minus_one_is_no_document():
    row = {
        "query": "amber",
        "query_hash": 5,
        "doc_hash": 1,
        "negative_hashes": [2, -1],
        "negative_scores": [1, 0],
    }
    found = by_id("hard-negatives", row)
    assert found.ids == ["1", "2", ""] and found.query_id == "5"
    entry = ID_LAYOUTS["hard-negatives"].entry(row, "f:1", TEXTS)
    assert [(each.text, each.place) for each in entry.positives] == [("resin", None)]
    assert [(each.text, each.place) for each in entry.negatives] == [("birch", 0)]


def test_texts_stand_for_ids():
    entry = ID_LAYOUTS["pylate"].entry(RANKED, "f:1", TEXTS)
    assert entry.query == "amber" and [each.text for each in entry.negatives] == ["birch", "cedar"]
