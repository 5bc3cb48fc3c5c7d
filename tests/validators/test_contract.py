"""What every validator keeps: shapes, types, positives, settings and documentation."""

import json

import pytest

from hardneg.core.components import VALIDATORS, Context
from hardneg.core.errors import ConfigError
from hardneg.rankers.bm25 import Bm25
from hardneg.testing import check_validator
from tests.tiny import bi_encoder, cross_encoder, late
from tests.validators.blocks import CONTEXT, titled

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
    return bi_encoder(folder / "bi"), cross_encoder(folder / "cross"), late(folder / "late")


@pytest.fixture
def built():
    return titled(DOCUMENTS, {"q1": "what is amber", "q2": "trees of the fjord"}, JUDGMENTS)


@pytest.fixture
def given(models, tmp_path, arrays):
    """Returns the settings of a validator that has required ones."""
    verdict = {"query_id": "q1", "doc_id": "d2", "verdict": "relevant", "judge": "ann"}
    (tmp_path / "judgments.jsonl").write_text(json.dumps(verdict) + "\n", encoding="utf-8")
    (tmp_path / "test.jsonl").write_text('{"query": "a", "positive": "birch"}\n', encoding="utf-8")
    return {
        "guide": {"model": str(models[0])},
        "cross-encoder": {"model": str(models[1]), "depth": 2},
        "late": {"model": str(models[2]), "depth": 2},
        "embed": {"endpoint": arrays.url},
        "rerank": {"endpoint": arrays.url, "depth": 2},
        "verdicts": {"file": str(tmp_path / "judgments.jsonl")},
        "leakage": {"evaluation": str(tmp_path / "test.jsonl"), "split": "all"},
    }


@pytest.mark.parametrize("name", VALIDATORS.names())
def test_every_validator_keeps_the_contract(name, given, built, tmp_path):
    validator = VALIDATORS.make({name: given.get(name, {})})
    rankers = {"bm25": Bm25().open(built, Context(tmp_path / "cache"))}
    check_validator(validator, built, rankers, tmp_path / "cache")
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
