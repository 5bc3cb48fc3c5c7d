"""Chunks of the document that a positive is a chunk of."""

import numpy as np

from hardneg.core.components import VALIDATORS
from tests.validators.blocks import NAN, evidence_of, suspected, titled

CHUNKS = {
    "a#1": ("Amber", "one"), "a#2": ("", "two"), "b#1": ("", "three"), "x": ("amber ", "four"),
    "c-1": ("", "five"), "c-2": ("", "six"),
}  # fmt: skip


def test_chunks_of_a_positives_source_are_flagged_by_id_and_title():
    built = titled(CHUNKS, {"q": "amber"}, [("q", "a#1", 1), ("q", "c-1", 1)])
    validator, evidence = evidence_of("same-source", built)
    assert evidence.tolist() == [[0, 1, 0, 1, 0, 0]]
    assert suspected(validator, evidence) == [[False, True, False, True, False, False]]
    _, evidence = evidence_of({"same-source": {"titles": False, "separators": ["-"]}}, built)
    assert evidence.tolist() == [[0, 0, 0, 0, 0, 1]]
    _, evidence = evidence_of({"same-source": {"separators": []}}, built)
    assert evidence.tolist() == [[0, 0, 0, 1, 0, 0]]


def test_two_positives_of_one_source_vouch_for_each_other():
    built = titled(CHUNKS, {"q": "amber"}, [("q", "a#1", 1), ("q", "a#2", 1)])
    _, evidence = evidence_of({"same-source": {"titles": False}}, built)
    assert evidence.tolist() == [[1, 1, 0, 0, 0, 0]]


def test_the_last_separator_ends_the_sources_id():
    documents = {"a#1#1": "one", "a#1#2": "two", "a#2#1": "three", "b": "four"}
    built = titled(documents, {"q": "amber", "r": "fjord"}, [("q", "a#1#1", 1), ("r", "b", 1)])
    _, evidence = evidence_of("same-source", built)
    assert evidence.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]


def test_documents_without_titles_are_not_of_one_source():
    built = titled({"a": "one", "b": "two", "c": ("", "three")}, {"q": "amber"}, [("q", "a", 1)])
    _, evidence = evidence_of("same-source", built)
    assert evidence.tolist() == [[0, 0, 0]]


def test_without_evidence_nothing_is_suspicious():
    assert suspected(VALIDATORS.make("same-source"), np.array([[1, 0, NAN]], np.float32)) == [
        [True, False, False]
    ]
