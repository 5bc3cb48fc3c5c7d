"""Positives of similar queries."""

import numpy as np

from hardneg.core.components import VALIDATORS
from hardneg.testing import collection
from tests.validators.blocks import NAN, evidence_of, suspected

DOCS = {name: f"text of {name}" for name in "abcdef"}


def test_positives_of_nearly_the_same_query_are_found():
    queries = {
        "q": "what is the colour of amber stones",
        "r": "what is the colour of amber stone",
        "s": "fjord",
    }
    built = collection(DOCS, queries, [("q", "a", 1), ("r", "b", 1), ("s", "c", 1)])
    validator, evidence = evidence_of("sibling-positives", built)
    assert evidence[0, 1] == evidence[1, 0] > 0.8
    assert evidence[0, [0, 2, 3]].tolist() == [0, 0, 0] and not evidence[2].any()
    assert suspected(validator, evidence)[0] == [False, True, False, False, False, False]


def test_positives_of_a_query_that_shares_positives_are_found():
    # q has a, b; r has a, c; s has a, b, d. Leaving c out, q and r share one of two; leaving d out,
    # q and s have the same positives.
    judgments = [("q", d, 1) for d in "ab"] + [("r", d, 1) for d in "ac"] + [("s", d, 1) for d in "abd"]
    built = collection(DOCS, {"q": "amber", "r": "fjord", "s": "grove"}, [*judgments, ("q", "e", 0)])
    _, evidence = evidence_of("sibling-positives", built)
    assert evidence[0, 2] == 0.5 and evidence[0, 3] == 1 and evidence[0, 4] == 0
    # q's own a, hidden, is a positive of r, which then shares nothing, and of s, which shares b of b and d.
    assert evidence[0, 0] == 0.5


def test_a_lone_shared_positive_does_not_vouch_for_itself():
    built = collection(DOCS, {"q": "amber", "r": "fjord"}, [("q", "a", 1), ("r", "a", 1), ("r", "b", 1)])
    _, evidence = evidence_of("sibling-positives", built)
    assert evidence[0, :2].tolist() == [0, 1]
    assert evidence[1, :2].tolist() == [0, 0]


def test_a_document_that_answers_everything_makes_no_siblings(monkeypatch):
    monkeypatch.setattr("hardneg.validators.sibling_positives._MAX_QUERIES", 1)
    built = collection(DOCS, {"q": "amber", "r": "fjord"}, [("q", "a", 1), ("r", "a", 1), ("r", "b", 1)])
    _, evidence = evidence_of("sibling-positives", built)
    assert not evidence.any()


def test_the_bound_itself_is_suspicious():
    validator = VALIDATORS.make("sibling-positives")
    assert suspected(validator, np.array([[0.51, 0.5, 0.49, NAN]], np.float32)) == [
        [True, True, False, False]
    ]
