"""Anchor scores: the weakest positive's, or each positive's own."""

import numpy as np
import pytest

from hardneg.selection.anchor import anchored
from hardneg.testing import collection
from tests.selection.blocks import NAN, block

DOCS = {name: f"text of {name}" for name in "abc"}


def anchors(scores, judgments, anchor="weakest"):
    """Returns the candidates of `len(scores)` queries over the documents a, b and c, anchored."""
    queries = {f"q{number}": f"query {number}" for number in range(len(scores))}
    return anchored(block(scores, [NAN] * len(scores)), collection(DOCS, queries, judgments), anchor)


def test_the_weakest_positive_is_the_anchor():
    found = anchors([[0.9, 0.4, 0.1]], [("q0", "a", 1), ("q0", "b", 2)])
    assert found.positive["dense"].tolist() == pytest.approx([0.4])
    assert found.positive["dense"].dtype == np.float32 and found.pair is None


def test_what_is_judged_not_relevant_is_no_anchor():
    found = anchors([[0.9, 0.4, 0.1]], [("q0", "a", 1), ("q0", "b", 0)])
    assert found.positive["dense"].tolist() == pytest.approx([0.9])


def test_a_positive_without_a_score_is_passed_over_and_none_is_no_anchor():
    found = anchors([[0.9, NAN, 0.1], [NAN, 0.4, 0.1]], [("q0", "a", 1), ("q0", "b", 1), ("q1", "a", 1)])
    assert found.positive["dense"].tolist() == pytest.approx([0.9, NAN], nan_ok=True)


def test_every_ranker_has_its_own_anchor():
    candidates = block([[0.9, 0.4, 0.1]], [NAN])
    candidates.scores["bm25"] = np.array([[3, 7, 9]], np.float32)
    known = collection(DOCS, {"q0": "query"}, [("q0", "a", 1), ("q0", "b", 1)])
    found = anchored(candidates, known, "weakest")
    assert {name: values.tolist() for name, values in found.positive.items()} == {
        "dense": [pytest.approx(0.4)], "bm25": [3],
    }  # fmt: skip


def test_of_pairs_every_positive_has_a_row_and_its_own_anchor():
    judgments = [("q0", "a", 1), ("q0", "b", 1), ("q1", "c", 1)]
    found = anchors([[0.9, 0.4, 0.1], [0.5, 0.6, 0.7]], judgments, "pair")
    assert found.queries.tolist() == [0, 0, 1]
    assert found.pair.tolist() == [0, 1, 2]
    assert found.positive["dense"].tolist() == pytest.approx([0.9, 0.4, 0.7])
    assert found.score().tolist()[:2] == [pytest.approx([0.9, 0.4, 0.1])] * 2


def test_a_pair_without_a_score_has_no_anchor():
    found = anchors([[NAN, 0.4, 0.1]], [("q0", "a", 1), ("q0", "b", 1)], "pair")
    assert found.positive["dense"].tolist() == pytest.approx([NAN, 0.4], nan_ok=True)


@pytest.mark.parametrize("anchor", ["weakest", "pair"])
def test_of_no_queries_there_are_no_anchors(anchor):
    known = collection(DOCS, {"q0": "query"}, [("q0", "a", 1)])
    found = anchored(block([[0.9, 0.4, 0.1]], [NAN]).take(np.array([], int)), known, anchor)
    assert len(found.queries) == 0 and found.positive["dense"].shape == (0,)
