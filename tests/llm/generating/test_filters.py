"""Filters of generated queries, on four documents."""

import pytest

from hardneg.core.components import RANKERS, Context
from hardneg.llm.generating import filters
from hardneg.llm.generating.filters import Query, filter_queries, round_trip_filter
from hardneg.testing import FakeRanker
from tests.validators.blocks import titled

DOCUMENTS = {"a": ("Amber", "a fossil resin"), "b": "birch", "c": "cedar", "d": "cedar"}


@pytest.fixture
def known():
    return titled(DOCUMENTS, {"q": "What is cedar"}, [("q", "c", 1)])


def queries(*given):
    """Queries by text and document row; their ids are their texts in small letters."""
    return [Query(text.casefold(), text, "keyword", doc) for text, doc in given]


def reasons(known, *given):
    return [query.dropped for query in filter_queries(queries(*given), known)]


def test_queries_of_500_characters_are_the_longest(known):
    assert reasons(known, ("x" * 500, 0), ("x" * 501, 0)) == [None, "too_long"]


def test_a_query_that_is_its_document_is_dropped(known):
    given = ("A fossil  RESIN", 0), ("amber a fossil resin", 0), ("amber", 0), ("birch", 0), ("BIRCH", 1)
    assert reasons(known, *given) == ["repeats_document", "repeats_document", None, None, "repeats_document"]


def test_a_query_that_the_collection_has_is_dropped(known):
    assert reasons(known, ("what is CEDAR", 2), ("what is cedar wood", 2)) == ["given_query", None]


def test_a_query_is_written_once_for_a_document_and_may_be_for_several(known):
    given = filter_queries(queries(("What tree", 1), ("what TREE", 1), ("WHAT tree", 2)), known)
    assert [query.dropped for query in given] == [None, "duplicate", None]
    assert {query.text for query in given} == {"What tree"}, "all as the first was written"


def trip(known, monkeypatch, scores, top, *given, dropped=None):
    """The ranks and reasons of the round trip by a ranker whose scores are known."""
    ranker = FakeRanker(scores)
    monkeypatch.setattr(RANKERS, "make", lambda spec: ranker)
    first, *others = queries(*given)
    asked = [first._replace(dropped=dropped), *others]
    found, facts = round_trip_filter(asked, known, "fake", top, Context(None))
    return [(query.rank, query.dropped) for query in found], facts


def test_a_query_that_does_not_find_its_document_is_dropped(known, monkeypatch):
    # by their scores the documents stand a, b, c
    scores = [[0.9, 0.8, 0.7]] * 3
    found, facts = trip(known, monkeypatch, scores, 2, ("one", 0), ("two", 1), ("three", 2))
    assert found == [(1, None), (2, None), (None, "not_found")]
    assert facts == {"spec": "fake", "top": 2, "fake": True}


def test_what_was_dropped_is_not_looked_for(known, monkeypatch):
    found, _ = trip(known, monkeypatch, [[0.9, 0.8, 0.7]], 1, ("one", 0), ("two", 0), dropped="too_long")
    assert found == [(None, "too_long"), (1, None)]
    found, facts = trip(known, monkeypatch, [], 1, ("one", 0), dropped="too_long")
    assert found == [(None, "too_long")] and facts == {}


def test_queries_pass_in_blocks(known, monkeypatch):
    monkeypatch.setattr(filters, "_BLOCK", 2)
    scores = [[0.9, 0.8, 0.7], [0.1, 0.8, 0.7], [0.1, 0.2, 0.7]]
    found, _ = trip(known, monkeypatch, scores, 1, ("one", 0), ("two", 1), ("three", 2))
    assert found == [(1, None)] * 3


def test_more_than_there_are_documents_are_all_of_them(known, monkeypatch):
    found, _ = trip(known, monkeypatch, [[0.9, 0.8, float("nan")]] * 2, 99, ("one", 1), ("two", 2))
    assert found == [(2, None), (None, "not_found")]


def test_another_document_of_the_same_text_is_found_as_well(monkeypatch):
    known = titled({"a": "birch", "c": "cedar", "d": "Cedar"}, {"q": "what"}, [("q", "a", 1)])
    found, _ = trip(known, monkeypatch, [[0.1, 0.5, 0.9]] * 3, 1, ("one", 1), ("two", 2), ("three", 0))
    assert found == [(1, None), (1, None), (None, "not_found")]
