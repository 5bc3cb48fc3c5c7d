"""Scores while a source is read, in memory or in a file."""

import numpy as np
import pytest

from hardneg.sources import score_store
from hardneg.sources.score_store import ScoreStore

ADDED = [
    (0, [5, 6], [0.5, 0.6]),
    (2, [5], [0.1]),
    (1, [7], [0.7]),
    (0, [8], [0.8]),
    (2, [9, 4], [np.nan, 0.4]),
]


@pytest.fixture(params=[1 << 20, 2], ids=["in memory", "in a file"])
def add(request, monkeypatch, tmp_path):
    monkeypatch.setattr(score_store, "_BLOCK", request.param)
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path))

    def adds(added):
        store = ScoreStore()
        for query, docs, scores in added:
            store.add(query, np.array(docs, np.int32), np.array(scores))
        return store

    return adds


def listed(given):
    queries = range(len(given.begins) - 1)
    return [[(int(doc), round(float(v), 3)) for doc, v in zip(*given.of(q), strict=True)] for q in queries]


def test_scores_come_back_by_query_in_their_order(add):
    found = add(ADDED).finish(np.arange(3), 3)
    assert listed(found) == [[(5, 0.5), (6, 0.6), (8, 0.8)], [(7, 0.7)], [(5, 0.1), (4, 0.4)]]
    assert len(found) == 6


def test_those_of_queries_that_are_left_out_are_left_out(add):
    assert listed(add(ADDED).finish(np.array([1, 2]), 3)) == [[(7, 0.7)], [(5, 0.1), (4, 0.4)]]


def test_what_comes_in_order_is_not_copied(add):
    found = add(sorted(ADDED, key=lambda one: one[0])).finish(np.arange(3), 4)
    assert listed(found)[2] == [(5, 0.1), (4, 0.4)] and not found.docs.flags.contiguous


def test_no_scores_at_all(add):
    assert listed(add([]).finish(np.arange(2), 2)) == [[], []]
