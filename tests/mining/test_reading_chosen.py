"""Validators that read only what would be chosen: fewer pairs, and none of the negatives unread."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from pydantic.dataclasses import dataclass

import hardneg
from hardneg.calibration.features import Column, Sample, features
from hardneg.core.components import Validator
from hardneg.testing import FakeRanker, collection
from hardneg.validators._common import PairEvidence, near_positive
from tests.validators.blocks import NAN, built, whole

DOCUMENTS = {f"d{number}": f"text {number}" for number in range(8)}
KNOWN = collection(DOCUMENTS, {"q": "what", "r": "which"}, [("q", "d0", 1), ("r", "d1", 1)])
RANKED = [[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], [0.8, 0.9, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]]
READ = [[5, 6, 1, 7, 1, 1, 1, 1], [1, 5, 1, 1, 1, 1, 1, 1]]
"""Of q d1 and d3 are read as relevant, of r nothing."""


class Reader(FakeRanker):
    """Counts the pairs that it scores."""

    def __init__(self, scores):
        super().__init__(scores, retrieves=False)
        self.asked = []

    def score(self, queries, docs):
        pairs = zip(np.repeat(queries, docs.shape[1]), docs.ravel(), strict=True)
        self.asked += [(int(query), int(doc)) for query, doc in pairs if doc >= 0]
        return super().score(queries, docs)


@dataclass(frozen=True)
class Reads(Validator):
    only_chosen: bool = True
    depth: int = 6
    kind = "score"
    label: ClassVar = {"en": "Reader", "ru": "Reader"}
    meaning: ClassVar = {"en": "Reads.", "ru": "Reads."}
    reader: ClassVar[Reader]

    def open(self, collection, rankers, context):
        return PairEvidence(self.reader, collection, self.depth)

    def suspects(self, evidence, positive):
        return near_positive(evidence, positive)


@pytest.fixture
def mined():
    """Returns a function that mines and returns the chosen pairs, and those that were read."""

    def run(only_chosen=True, depth=6, **settings):
        Reads.reader = Reader(READ)
        chosen = [f"select.{name}={value}" for name, value in settings.items()]
        recipe = hardneg.Recipe.named(
            "naive",
            ["select.rules=[{suspected-false-negative: {votes: 1}}]", "validation.calibrate=false", *chosen],
            rankers=[FakeRanker(RANKED)],
            validators=[Reads(only_chosen, depth)],
            negatives=2,
        )
        mined = hardneg.mine(KNOWN, recipe)
        rows = [row for row in mined.candidates.to_pylist() if row["decision"] == "negative"]
        return [(row["query_id"], row["doc_id"]) for row in rows], Reads.reader.asked

    return run


def test_what_is_chosen_is_read_and_what_is_suspected_makes_room(mined):
    negatives, asked = mined()
    assert negatives == [("q", "d2"), ("q", "d4"), ("r", "d0"), ("r", "d2")]
    assert sorted(asked) == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0), (1, 1), (1, 2)]


def test_the_same_is_chosen_by_reading_all(mined):
    negatives, asked = mined(only_chosen=False)
    assert negatives == mined()[0] and len(asked) == 12


def test_what_lies_deeper_than_it_reads_is_chosen_unread(mined):
    negatives, asked = mined(depth=3)
    assert negatives == [("q", "d2"), ("q", "d3"), ("r", "d0"), ("r", "d2")]
    assert sorted(asked) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_a_cap_counts_each_negative_once_though_it_is_decided_on_again(mined):
    negatives, _ = mined(max_uses=1)
    assert negatives == [("q", "d2"), ("q", "d4"), ("r", "d0"), ("r", "d3")]


def test_each_positive_has_negatives_of_its_own(mined):
    assert mined(anchor="pair")[0] == mined()[0]


def test_scores_are_compared_with_those_of_all_queries_alone():
    """The few that are read of a query are no measure of it."""
    block = whole(built(("a", 1)), {"one": [[0] * 4]})
    sample = Sample(block, np.array([[1, 0, 0, 0]], np.int32))
    read = replace(block, evidence={"reads": np.array([[4, NAN, 2, NAN]], np.float32)})
    alone = Column("evidence", "reads", "alone", 2.0, 1.0, 2.0)
    assert alone.priors == [2.0]
    found = features(read, [alone], sample.unlabelled)
    assert found[0, :, 0].tolist() == [1.5, 0, 0.5, 0]
