"""What a reranking server scores as high as the positive, among the first ranks."""

import pytest

from hardneg.testing import FakeRanker
from tests.validators.blocks import built, evidence_of, opens, suspected


def test_it_suspects_what_the_server_scores_as_high_as_the_positive(monkeypatch):
    asked = opens(monkeypatch, FakeRanker([[2.0, 3.0, 1.7, 2.5]]))
    settings = {"rerank": {"endpoint": "http://h#m", "depth": 2, "relative_margin": 0.1, "maximum": 9}}
    validator, evidence = evidence_of(settings, built(("a", 1)), scores={"one": [[0] * 4]})
    assert suspected(validator, evidence, 2.0)[0][:2] == [True, True]
    assert suspected(validator, evidence, 2.3)[0][:2] == [False, True]
    assert evidence[0, :2].tolist() == pytest.approx([2.0, 3.0])
    assert set(asked[0]["rerank"]) >= {"endpoint", "api", "options"} and "depth" not in asked[0]["rerank"]
