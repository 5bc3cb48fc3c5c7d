"""Candidates of two queries: ranks, scores, texts and parts of them."""

from dataclasses import replace

import numpy as np
import pytest

from hardneg.core.errors import DataError
from hardneg.core.records import Candidates, checked_scores
from hardneg.testing import collection

NAN = float("nan")
KNOWN = collection(
    {"a": "one", "b": "three", "c": "seven"}, {"q": "what", "r": "who"}, [("q", "a", 1), ("r", "b", 1)]
)


@pytest.fixture
def candidates():
    """q has a, b and a place left; r has c, a and b."""
    docs = np.array([[0, 1, -1], [2, 0, 1]], np.int32)
    ranks = np.array([[1, 2, 0], [1, 0, 2]], np.int32)
    scores = {
        "bm25": np.array([[7, 9, NAN], [1, 5, 5]], np.float32),
        "dense": np.array([[0.5, 0.25, NAN], [NAN, 0.75, 0.5]], np.float32),
    }
    positive = {"bm25": np.array([7, 5], np.float32), "dense": np.array([0.5, NAN], np.float32)}
    return Candidates(np.array([0, 1], np.int32), docs, ranks, scores, positive, "bm25", collection=KNOWN)


def test_scores_and_anchors_are_the_scorer_s_unless_a_ranker_is_named(candidates):
    assert candidates.shape == (2, 3)
    assert candidates.score()[1].tolist() == [1, 5, 5]
    assert candidates.score("dense")[0, :2].tolist() == [0.5, 0.25]
    assert candidates.anchor().tolist() == [[7], [5]]
    assert candidates.anchor("dense")[0].tolist() == [0.5]


def test_ranks_are_the_pool_s_or_those_of_a_ranker_s_scores(candidates):
    assert candidates.rank().tolist() == [[1, 2, 0], [1, 0, 2]]
    # equal scores rank in their order; without a score there is no rank
    assert candidates.rank("bm25").tolist() == [[2, 1, 0], [3, 1, 2]]
    assert candidates.rank("dense").tolist() == [[1, 2, 0], [0, 1, 2]]


def test_one_ranker_s_view_has_its_order_and_its_scores(candidates):
    seen = candidates.seen_by("dense")
    assert seen.rank().tolist() == [[1, 2, 0], [0, 1, 2]]
    assert seen.score()[0, 0] == 0.5 and seen.anchor()[0, 0] == 0.5


def test_what_is_blanked_out_has_no_document_rank_or_score(candidates):
    left = candidates.only(np.array([[False, True, True], [True, True, False]]))
    assert left.docs.tolist() == [[-1, 1, -1], [2, 0, -1]]
    assert left.ranks.tolist() == [[0, 2, 0], [1, 0, 0]]
    assert left.score()[:, 0].tolist() == pytest.approx([NAN, 1], nan_ok=True)
    assert (left.docs.dtype, left.ranks.dtype, left.score().dtype) == (np.int32, np.int32, np.float32)
    assert left.anchor().tolist() == [[7], [5]]


def test_some_of_the_queries_keep_all_that_is_known_of_them(candidates):
    more = replace(
        candidates, pair=np.array([0, 1], np.int32), evidence={"guide": np.array([[1, 2, 3], [4, 5, 6]])},
        exhausted=np.array([True, False]), excluded=np.array([[0, 1, 2], [3, -1, -1]], np.int8),
    )  # fmt: skip
    taken = more.take(np.array([1, 1, 0]))
    assert taken.queries.tolist() == [1, 1, 0] and taken.pair.tolist() == [1, 1, 0]
    assert taken.evidence["guide"][:, 0].tolist() == [4, 4, 1]
    assert taken.exhausted.tolist() == [False, False, True] and taken.excluded[:, 0].tolist() == [3, 3, 0]
    assert taken.anchor().tolist() == [[5], [5], [7]] and taken.scorer == "bm25"
    assert taken.votes is None and taken.take(np.array([], int)).shape == (0, 3)


def test_texts_are_looked_up(candidates):
    assert candidates.documents.texts.tolist() == [["one", "three", ""], ["seven", "one", "three"]]
    assert candidates.documents.ids.tolist() == [["a", "b", ""], ["c", "a", "b"]]
    assert candidates.documents.lengths.tolist() == [[3, 5, 0], [5, 3, 5]]
    assert candidates.documents.lengths.dtype == np.int32
    assert candidates.query_texts == ["what", "who"]


def test_without_a_collection_there_are_no_texts(candidates):
    for read in (lambda made: made.documents, lambda made: made.query_texts):
        with pytest.raises(ValueError, match="without their collection"):
            read(replace(candidates, collection=None))


def test_infinite_scores_are_refused_and_missing_ones_are_not():
    scores = np.array([[1, NAN]], np.float32)
    assert checked_scores("dense", scores) is scores
    for infinite in (np.inf, -np.inf):
        with pytest.raises(DataError, match="dense gives an infinite score"):
            checked_scores("dense", np.array([[1, infinite]], np.float32))
