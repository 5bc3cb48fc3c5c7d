"""What an embedding server finds as close as the positive."""

import pytest

from hardneg.testing import FakeRanker
from tests.validators.blocks import built, evidence_of, opens, suspected


def test_it_suspects_what_the_server_finds_as_close_as_the_positive(monkeypatch):
    asked = opens(monkeypatch, FakeRanker([[0.7, 0.8, 0.65, 0.1]]))
    settings = {"embed": {"endpoint": "http://h/v1#m", "margin": 0.1, "query_prompt": "q: "}}
    validator, evidence = evidence_of(settings, built(("a", 1)), scores={"one": [[0] * 4]})
    assert evidence[0].tolist() == pytest.approx([0.7, 0.8, 0.65, 0.1])
    assert suspected(validator, evidence, 0.7) == [[True, True, True, False]]
    assert asked[0]["embed"]["query_prompt"] == "q: " and "margin" not in asked[0]["embed"]
