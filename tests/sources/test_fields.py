from __future__ import annotations

import pytest

from hardneg.core.errors import DataError
from hardneg.sources.tables import id_of, one_of, optional_text, relevance_of, text_of


@pytest.mark.parametrize(
    ("value", "relevance"),
    [(2, 2), ("2", 2), (" -1\r", -1), (1.0, 1), ("1.0", 1), ("1.", 1), ("+3", 3), (True, 1), (False, 0)],
)
def test_a_relevance_is_a_whole_number(value, relevance):
    assert relevance_of(value, "f:1") == relevance


@pytest.mark.parametrize(
    "value", [0.5, "0.5", "high", "", None, [1], "1_0", "٣", float("nan"), 1e20, "9" * 5000]
)
def test_any_other_relevance_is_told(value):
    with pytest.raises(DataError, match=r"^f:1: the relevance is .*; a whole number is needed$"):
        relevance_of(value, "f:1")


def test_texts_are_strings():
    assert text_of({"a": "x"}, "a", "f:1", "") == "x"
    with pytest.raises(DataError, match=r'^f:1: "a" is missing; needs it$'):
        text_of({"a": None}, "a", "f:1", "needs it")
    with pytest.raises(DataError, match=r'^f:1: "a" is a list; a string is needed$'):
        text_of({"a": ["x"]}, "a", "f:1", "")


def test_ids_are_strings_or_whole_numbers():
    assert id_of({"a": "x"}, "a", "f:1", "") == "x"
    assert id_of({"a": 7}, "a", "f:1", "") == "7"
    with pytest.raises(DataError, match=r'^f:1: "a" is missing; needs it$'):
        id_of({}, "a", "f:1", "needs it")
    for value, kind in ((True, "boolean"), (1.5, "number"), ({}, "object")):
        with pytest.raises(DataError, match=rf'^f:1: "a" is a {kind}; an id is a string or a whole number$'):
            id_of({"a": value}, "a", "f:1", "")


def test_optional_texts_are_empty_without_a_value():
    assert [optional_text(row, "a", "f:1") for row in ({}, {"a": None}, {"a": "x"})] == ["", "", "x"]
    with pytest.raises(DataError, match=r'^f:1: "a" is a number; a string is needed$'):
        optional_text({"a": 1}, "a", "f:1")


def test_one_of_several_columns():
    assert one_of(["Query", "x"], ("query", "anchor"), "query", "f:1") == "Query"
    assert one_of(["x"], ("query", "anchor"), "query", "f:1") is None
    with pytest.raises(DataError) as raised:
        one_of(["query", "x", "Anchor"], ("query", "anchor"), "query", "f:1")
    assert str(raised.value) == (
        "f:1: query and Anchor could each be the query; rename all but one. "
        "Columns found: query, x, Anchor; accepted for it: query, anchor"
    )
