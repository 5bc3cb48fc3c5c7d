"""What every validator keeps: shapes, types, positives, settings and documentation."""

import json

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS
from hardneg.core.errors import ConfigError
from hardneg.rankers.bm25 import Bm25
from tests.tiny import bi_encoder, cross_encoder
from tests.validators.blocks import CONTEXT, titled, whole

DOCUMENTS = {
    "d1": ("Amber", "amber is a resin"),
    "d2": "birch",
    "d3": "cedar of the fjord",
    "d4": "resin of fir",
}
JUDGMENTS = [("q1", "d1", 1), ("q1", "d4", 2), ("q2", "d3", 1), ("q2", "d2", 0)]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return bi_encoder(folder / "bi"), cross_encoder(folder / "cross")


@pytest.fixture
def built():
    return titled(DOCUMENTS, {"q1": "what is amber", "q2": "trees of the fjord"}, JUDGMENTS)


@pytest.fixture
def given(models, tmp_path):
    """Returns the settings of a validator that has required ones."""
    verdict = {"query_id": "q1", "doc_id": "d2", "verdict": "relevant", "judge": "ann"}
    (tmp_path / "judgments.jsonl").write_text(json.dumps(verdict) + "\n", encoding="utf-8")
    (tmp_path / "test.jsonl").write_text('{"query": "a", "positive": "birch"}\n', encoding="utf-8")
    return {
        "guide": {"model": str(models[0])},
        "cross-encoder": {"model": str(models[1]), "depth": 2},
        "verdicts": {"file": str(tmp_path / "judgments.jsonl")},
        "leakage": {"evaluation": str(tmp_path / "test.jsonl"), "split": "all"},
    }


@pytest.mark.parametrize("name", VALIDATORS.names())
def test_every_validator_keeps_the_contract(name, given, built, tmp_path):
    from hardneg.core.components import Context

    validator = VALIDATORS.make({name: given.get(name, {})})
    context = Context(tmp_path / "cache")
    rankers = {"bm25": Bm25().open(built, context)}
    witness = validator.open(built, rankers, context)
    scores = {"bm25": rankers["bm25"].score(np.array([0, 1], np.int32), whole(built).docs)}
    block = whole(built, scores, padding=1)
    evidence = witness.evidence(block)
    assert evidence.shape == block.shape and evidence.dtype == np.float32
    assert np.isnan(evidence[:, -1]).all(), "padding has no evidence"
    assert (witness.evidence(block)[:, :-1] == evidence[:, :-1])[~np.isnan(evidence[:, :-1])].all()
    part = witness.evidence(block.take(np.array([1])))
    assert np.array_equal(part[0], evidence[1], equal_nan=True), "a query's evidence is its own"
    suspects = validator.suspects(evidence, np.full((2, 1), np.nan, np.float32))
    assert suspects.shape == block.shape and suspects.dtype == bool and not suspects[:, -1].any()
    assert validator.kind in ("score", "flag", "note") and (validator.weight > 0) == (
        validator.kind != "note"
    )
    if validator.kind == "flag":
        known = evidence[~np.isnan(evidence)]
        assert ((known >= 0) & (known <= 1)).all()
    json.dumps(witness.facts)
    assert VALIDATORS.make(VALIDATORS.describe(validator)) == validator


@pytest.mark.parametrize("name", VALIDATORS.names())
def test_an_unknown_setting_is_told(name, given):
    with pytest.raises(ConfigError, match='unknown setting "bond"'):
        VALIDATORS.make({name: {**given.get(name, {}), "bond": 1}})


def test_an_unknown_validator_is_told():
    with pytest.raises(ConfigError, match='did you mean "near-duplicate"'):
        VALIDATORS.make("near-duplicates")


def test_the_context_of_tests_is_never_written_to():
    assert not CONTEXT.cache.exists()
