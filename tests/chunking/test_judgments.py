"""Which chunk of a relevant document is the best, and what the others are."""

import numpy as np
import pytest

from hardneg.chunking.judgments import ChunkRows, Judged, best_places, carried_over, chunk_id
from hardneg.core.components import Context
from hardneg.testing import FakeRanker, collection

NAN = np.nan


def of(*rows, kind=np.float32):
    return np.array(rows, kind)


def test_the_best_chunk_scores_highest_and_is_the_first_of_equal_ones():
    scores = of([0.1, 0.9, 0.3], [0.5, 0.5, NAN], [NAN, NAN, NAN])
    rows = of([0, 1, 2], [3, 4, -1], [5, 6, 7], kind=np.int32)
    assert best_places(scores, rows, np.zeros(rows.shape, bool)).tolist() == [1, 0, 0]


def test_a_chunk_that_another_document_judged_not_relevant_has_too_is_the_best_only_alone():
    scores = of([0.1, 0.9], [0.1, 0.9])
    rows = of([0, 1], [2, -1], kind=np.int32)
    assert best_places(scores, rows, of([False, True], [True, False], kind=bool)).tolist() == [0, 0]


def test_the_ids_of_chunks_are_different_whatever_the_ids_of_documents_are():
    names = ["a", "a#1", "a#", "#", "#1", "a#1#1"]
    made = [chunk_id(name, place) for name in names for place in range(12)]
    assert len(set(made)) == len(made) and made[:2] == ["a#1", "a#2"]
    assert [name.rpartition("#")[0] for name in made[::12]] == names


CHUNKS = collection(
    {"a#1": "one", "a#2": "two", "a#3": "three", "b#1": "four", "c#1": "five", "c#2": "two"},
    {"q": "ask", "r": "what"},
    [("q", "a#1", 1), ("r", "a#1", 1)],
)
SOURCE = collection(
    {"a": "one two three", "b": "four", "c": "five two"},
    {"q": "ask", "r": "what"},
    [("q", "a", 2), ("q", "b", 1), ("q", "c", 0), ("r", "c", 1)],
)
ROWS = ChunkRows(["a", "b", "c"], np.array([3, 1, 2], np.int32), CHUNKS.documents)
# The documents' rows: one, two, three, four, five; the last chunk of c is the second of a.
SCORES = [[0.1, 0.9, 0.5, 0.2, 0.3], [0.1, 0.9, 0.5, 0.2, 0.3]]


def carried(positives="best", scores=SCORES):
    ranker = FakeRanker(np.array(scores, np.float32))
    return list(carried_over(SOURCE, ROWS, CHUNKS, ranker, positives, Context(None)))


def test_equal_chunks_of_two_documents_share_a_row():
    assert ROWS.of(np.array([0, 2], np.int32)).tolist() == [[0, 1, 2], [4, 1, -1]]


def test_judgments_are_carried_over():
    assert carried() == [
        Judged(0, 0, 2, [2], [0, 1]),  # the second scores more, but is in c, judged not relevant for q
        Judged(0, 1, 1, range(1), ()),
        Judged(0, 2, 0, range(2), ()),
        Judged(1, 2, 1, [1], [0]),
    ]


def test_all_chunks_may_be_positives():
    assert [(each.relevance, list(each.listed), each.neutral) for each in carried("all")] == [
        (2, [0, 1, 2], ()),
        (1, [0], ()),
        (0, [0, 1], ()),
        (1, [0, 1], ()),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_each_relevant_document_keeps_a_positive_and_each_other_none(seed):
    drawn = np.random.default_rng(seed).random((2, 5)).astype(np.float32)
    for each in carried(scores=drawn):
        assert each.listed and not set(each.listed) & set(each.neutral)
        assert len(each.listed) + len(each.neutral) == ROWS.counts[each.doc]
        assert each.relevance > 0 or not each.neutral
