"""The validators that look at scores, models and verdicts."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from hardneg.core.components import RANKERS, VALIDATORS
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.exclusions import Exclusions
from hardneg.mining.validation import ValidationStage
from hardneg.testing import FakeRanker, collection
from hardneg.validators.settings import ValidateSettings
from tests.validators.blocks import NAN, evidence_of, suspected, whole

DOCS = {name: f"text of {name}" for name in "abcd"}


def built(*judgments):
    return collection(DOCS, {"q": "amber"}, [("q", doc, relevance) for doc, relevance in judgments])


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


def test_agreement_is_the_view_of_the_least_convinced_ranker():
    # The positive a scores 4 and 2.
    scores = {"one": [[4, 8, 4, 6]], "two": [[2, 4, 0, 2]]}
    validator, evidence = evidence_of("agreement", built(("a", 1)), scores=scores)
    first = np.std([4, 8, 4, 6])
    second = np.std([2, 4, 0, 2])
    expected = [min(4 / first, 2 / second), -2 / second, 0]
    assert evidence[0, 1:].tolist() == pytest.approx(expected)
    assert suspected(validator, evidence) == [[False, True, False, True]]


def test_agreement_measures_a_positive_to_the_others():
    _, evidence = evidence_of("agreement", built(("a", 1), ("b", 1)), scores={"one": [[1, 3, 2, 2]]})
    spread = np.std([1, 3, 2, 2])
    assert evidence[0].tolist() == pytest.approx([-2 / spread, 2 / spread, 1 / spread, 1 / spread])


def opens(monkeypatch, ranker):
    """Lets whatever ranker is made open this one."""
    made = SimpleNamespace(open=lambda *_: ranker, opened=lambda *_: ranker)
    monkeypatch.setattr(RANKERS, "make", lambda given: made)


def test_a_guide_suspects_what_it_finds_closer_than_the_positive(monkeypatch):
    opens(monkeypatch, FakeRanker([[0.7, 0.8, 0.65, 0.1]]))
    validator, evidence = evidence_of("guide:m", built(("a", 1)), scores={"one": [[0] * 4]})
    assert evidence[0].tolist() == pytest.approx([0.7, 0.8, 0.65, 0.1])
    assert suspected(validator, evidence, 0.7) == [[True, True, False, False]]
    validator = VALIDATORS.make({"guide": {"model": "m", "margin": 0.1}})
    assert suspected(validator, evidence, 0.7) == [[True, True, True, False]]
    assert not np.any(suspected(validator, evidence, NAN))


def test_a_cross_encoder_reads_the_first_ranks_and_the_positives(monkeypatch):
    opens(monkeypatch, FakeRanker([[-1, -2, 3, 1]], retrieves=False))
    given = {"cross-encoder": {"model": "m", "depth": 2}}
    _, evidence = evidence_of(given, built(("d", 1)), scores={"one": [[0] * 4]})
    assert evidence[0, [0, 1, 3]].tolist() == [-1, -2, 1] and np.isnan(evidence[0, 2])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [True, False, False, False]),
        ({"margin": 0.5}, [True, True, False, False]),
        ({"relative_margin": 0.5}, [True, True, True, False]),
        ({"maximum": -2.5}, [True, True, False, False]),
    ],
)
def test_a_cross_encoder_suspects_by_margins_and_by_a_bound(settings, expected):
    # The positive scores -2: a margin of half of that reaches down to -3.
    validator = VALIDATORS.make({"cross-encoder": {"model": "m", **settings}})
    evidence = np.array([[-2, -2.5, -3, NAN]], np.float32)
    assert suspected(validator, evidence, -2)[0] == expected


@pytest.fixture
def judged(tmp_path):
    def written(*verdicts):
        path = tmp_path / "judgments.jsonl"
        rows = [{"query_id": "q", "doc_id": d, "verdict": v, "judge": j} for d, v, j in verdicts]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return written


def test_verdicts_are_the_share_of_judges_who_find_a_pair_relevant(judged):
    path = judged(
        ("a", "relevant", "ann"), ("b", "relevant", "ann"), ("b", "not_relevant", "bob"),
        ("b", "unsure", "cy"),
        ("c", "not_relevant", "ann"), ("d", "relevant", "ann"), ("d", "withdrawn", "ann"),
        ("z", "relevant", "ann"),
    )  # fmt: skip
    validator, evidence = evidence_of(f"verdicts:{path}", built(("a", 1)))
    assert evidence[0, :3].tolist() == [1, 0.5, 0] and np.isnan(evidence[0, 3])
    assert suspected(validator, evidence) == [[True, False, False, False]]
    with pytest.raises(ConfigError, match="there are no verdicts"):
        evidence_of("verdicts:nowhere.jsonl", built(("a", 1)))
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"judgments.jsonl:1: \"query_id\" is missing"):
        evidence_of(f"verdicts:{path}", built(("a", 1)))


def examined(mined, evidence, **settings):
    """Returns the candidates with this evidence stored, examined without a calibration."""
    stage = ValidationStage(mined, ValidateSettings(**settings), {})
    block = Exclusions(mined).mark(whole(mined, {"one": [[0] * 4]}))
    stored = {name: np.array([values], np.float32) for name, values in evidence.items()}
    return stage.validate(replace(block, evidence=stored))


def test_verdicts_stand_above_all_else_and_suspicions_are_counted(judged):
    path = str(judged(("b", "relevant", "ann")))
    seen = examined(
        built(("a", 1), ("c", 0)),
        {"verdicts": [1, 1, NAN, 0], "near_duplicate": [0.9, 0.9, 0.9, NAN]},
        validators=[f"verdicts:{path}", "near-duplicate"],
        relabel_above=0.9,
    )
    assert np.isnan(seen.probability[0, 0])  # a positive has none
    assert seen.probability[0, 1:].tolist() == pytest.approx([0.98, 0, 0.02])
    assert seen.votes[0].tolist() == [2, 2, 1, 0]
    assert seen.relabelled[0].tolist() == [False, True, False, False]


def test_negatives_that_nobody_judged_are_not_taken_for_true():
    mined = built(("a", 1), ("c", 0))
    given = {"near_duplicate": [0.0] * 4}
    trusted = examined(mined, given, validators=["near-duplicate"])
    assert trusted.probability[0, 2] == 0
    doubted = examined(mined, given, validators=["near-duplicate"], negatives_are_judged=False)
    assert np.isnan(doubted.probability[0, 2])
