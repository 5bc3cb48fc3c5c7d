"""Documents that are never negatives, on texts that a person can compare."""

from dataclasses import replace

import numpy as np
import pytest

from hardneg.core.exclusions import EXCLUSIONS, Exclusions, excluded
from hardneg.core.records import SAME_CLASS, Neutral
from hardneg.testing import collection
from tests.validators.blocks import titled, whole


def reasons(known):
    """Returns for each query {doc_id: reason} of what is excluded."""
    found = Exclusions(known).reasons(whole(known, padding=1))
    assert found.dtype == np.int8 and (found[:, -1] == -1).all()
    ids = known.documents.ids(np.arange(len(known.documents)))
    return [
        {doc: EXCLUSIONS[code] for doc, code in zip(ids, row, strict=False) if code >= 0} for row in found
    ]


def test_positives_are_excluded_and_documents_judged_not_relevant_are_not():
    known = collection({"a": "one", "b": "two", "c": "three"}, {"q": "what"}, [("q", "a", 1), ("q", "b", 0)])
    assert reasons(known) == [{"a": "judged_relevant"}]


def test_the_positives_of_one_query_are_not_those_of_another():
    known = collection({"a": "one", "b": "two"}, {"q": "what", "r": "who"}, [("q", "a", 1), ("r", "b", 1)])
    assert reasons(known) == [{"a": "judged_relevant"}, {"b": "judged_relevant"}]


def test_queries_of_the_same_text_share_their_positives():
    known = collection({"a": "one", "b": "two"}, {"q": "What ", "r": "what"}, [("q", "a", 1), ("r", "b", 1)])
    assert reasons(known) == [{"a": "judged_relevant", "b": "judged_relevant"}] * 2


def test_the_query_s_own_text_is_excluded_with_and_without_its_title():
    documents = {"a": "one", "b": ("", "WHAT  is it"), "c": ("Title", "what is it"), "d": ("what", "is it")}
    known = titled(documents, {"q": "what is it"}, [("q", "a", 1)])
    assert reasons(known) == [{"a": "judged_relevant"} | dict.fromkeys("bcd", "query_text")]


def test_copies_of_positives_are_excluded_whatever_their_case_spacing_or_unicode_form():
    documents = {"a": "one ﬁeld", "b": "ONE   field", "c": "one fields"}
    known = collection(documents, {"q": "what"}, [("q", "b", 1)])
    assert reasons(known) == [{"a": "duplicate_of_positive", "b": "judged_relevant"}]


def test_a_positive_that_is_the_query_s_text_is_a_positive_first():
    known = collection({"a": "what", "b": "What"}, {"q": "what"}, [("q", "a", 1)])
    assert reasons(known) == [{"a": "judged_relevant", "b": "duplicate_of_positive"}]


def test_what_is_neutral_is_excluded_unless_it_is_excluded_for_another_reason():
    known = collection({"a": "one", "b": "two", "c": "what", "d": "four"}, {"q": "what"}, [("q", "a", 1)])
    classes = np.array([3], np.int32), np.array([3, 3, 3, 0], np.int32)
    none = np.empty(0, np.int32)
    expected = {"a": "judged_relevant", "b": "same_class", "c": "query_text"}
    assert reasons(replace(known, neutral=Neutral(*classes, none, none, SAME_CLASS))) == [expected]


@pytest.fixture
def marked():
    known = collection({"a": "one", "b": "two", "c": "three"}, {"q": "what"}, [("q", "a", 1)])
    return Exclusions(known).mark(whole(known, padding=1))


def test_what_is_relabelled_is_excluded_unless_it_was_already(marked):
    assert excluded(marked).tolist() == [[0, -1, -1, -1]]
    relabelled = np.array([[True, True, False, True]])
    found = excluded(replace(marked, relabelled=relabelled))
    assert found.tolist() == [[0, EXCLUSIONS.index("relabelled"), -1, -1]]
