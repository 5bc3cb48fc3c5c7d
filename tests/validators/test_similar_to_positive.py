"""Similarity of vectors to those of the query's positives."""

import numpy as np
import pytest

from hardneg.core.errors import ConfigError
from hardneg.testing import FakeRanker
from tests.validators.blocks import NAN, built, evidence_of, suspected


class Comparing(FakeRanker):
    """A ranker that compares documents by given vectors."""

    def __init__(self, vectors):
        super().__init__([[0.0] * len(vectors)])
        self.vectors = np.array(vectors, np.float32)

    def alike(self, docs, others):
        return np.einsum("nd,nmd->nm", self.vectors[docs], self.vectors[others])


def test_similarity_to_a_positive_is_that_to_the_nearest_others():
    ranker = Comparing([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]])
    validator, evidence = evidence_of("similar-to-positive", built(("a", 1), ("b", 1)), {"dense": ranker})
    # a and b are compared with each other, c with both (0.6, 0.96), d with both (0, 0.6).
    assert evidence[0].tolist() == pytest.approx([0.8, 0.8, 0.78, 0.3])
    assert suspected(validator, np.array([[0.95, 0.94, NAN]], np.float32)) == [[True, False, False]]
    given = {"similar-to-positive": {"nearest": 1}}
    _, evidence = evidence_of(given, built(("a", 1), ("b", 1)), {"dense": ranker})
    assert evidence[0].tolist() == pytest.approx([0.8, 0.8, 0.96, 0.6])


def test_a_lone_positive_is_like_nothing_and_a_ranker_must_have_vectors():
    ranker = Comparing([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]])
    _, evidence = evidence_of("similar-to-positive", built(("a", 1)), {"dense": ranker})
    assert np.isnan(evidence[0, 0]) and evidence[0, 1] == pytest.approx(0.8)
    _, evidence = evidence_of("similar-to-positive", built(("a", 1)), {"bm25": FakeRanker([[1] * 4])})
    assert np.isnan(evidence).all()
    with pytest.raises(ConfigError, match="bm25 has no document vectors"):
        evidence_of("similar-to-positive:bm25", built(("a", 1)), {"bm25": FakeRanker([[1] * 4])})


def test_a_ranker_that_is_not_there_is_told():
    with pytest.raises(ConfigError, match='did you mean "dense"'):
        evidence_of("similar-to-positive:dens", built(("a", 1)), {"dense": Comparing([[1, 0]] * 4)})


def test_the_named_ranker_compares_else_the_first_that_can():
    one, two = Comparing([[1, 0], [1, 0], [0, 1], [0, 1]]), Comparing([[1, 0], [0, 1], [1, 0], [0, 1]])
    rankers = {"bm25": FakeRanker([[1] * 4]), "one": one, "two": two}
    _, evidence = evidence_of("similar-to-positive", built(("a", 1)), rankers)
    assert evidence[0, 1:].tolist() == [1, 0, 0]
    _, evidence = evidence_of("similar-to-positive:two", built(("a", 1)), rankers)
    assert evidence[0, 1:].tolist() == [0, 1, 0]
