"""A stronger encoder's view of candidates and positives."""

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS
from hardneg.testing import FakeRanker
from tests.validators.blocks import NAN, built, evidence_of, opens, suspected


def test_a_guide_suspects_what_it_finds_closer_than_the_positive(monkeypatch):
    opens(monkeypatch, FakeRanker([[0.7, 0.8, 0.65, 0.1]]))
    validator, evidence = evidence_of("guide:m", built(("a", 1)), scores={"one": [[0] * 4]})
    assert evidence[0].tolist() == pytest.approx([0.7, 0.8, 0.65, 0.1])
    assert suspected(validator, evidence, 0.7) == [[True, True, False, False]]
    validator = VALIDATORS.make({"guide": {"model": "m", "margin": 0.1}})
    assert suspected(validator, evidence, 0.7) == [[True, True, True, False]]
    assert not np.any(suspected(validator, evidence, NAN))


def test_the_guide_is_a_dense_ranker_with_its_own_prompts(monkeypatch):
    asked = opens(monkeypatch, FakeRanker([[0.7] * 4]))
    evidence_of(
        {"guide": {"model": "m", "query_prompt": "query: "}}, built(("a", 1)), scores={"one": [[0] * 4]}
    )
    assert asked == [{"dense": {
        "name": "guide", "model": "m", "max_length": None, "query_prompt": "query: ", "document_prompt": None,
    }}]  # fmt: skip
