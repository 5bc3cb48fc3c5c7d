"""What an audit adds to the evidence of a run that has little."""

import json

import numpy as np
import pytest

from hardneg import auditing
from hardneg.auditing.calibrated_candidates import calibrated_reselector, with_calibration
from hardneg.core.progress import NullProgress
from hardneg.mining import pipeline
from hardneg.mining.miner import Reselector
from hardneg.mining.recipe import Recipe, recipe_of
from hardneg.rankers.inverted.index import InvertedRanker
from hardneg.rankers.vectors import Vectors
from hardneg.runs.finished import open_run
from hardneg.validators import similar_to_positive
from tests.auditing.test_audit import made

__all__ = ["made"]


@pytest.fixture
def plain(made, tmp_path):
    """A run without validators and probabilities."""
    recipe = Recipe.build({**made[1], "validation": {}, "select": {}})
    pipeline.mine(made[0], recipe, tmp_path / "plain")
    return tmp_path / "plain", json.loads((tmp_path / "plain" / "run.json").read_text(encoding="utf-8"))


def mean_probabilities(reselector, collection, truth):
    """The mean probabilities of what is relevant though unlabelled, and of the rest."""
    found = reselector.candidates(0)
    pairs = np.array([
        [(query, doc) in truth for doc in collection.documents.ids(np.maximum(docs, 0))]
        for query, docs in zip(collection.queries.ids(found.queries), found.docs, strict=True)
    ])  # fmt: skip
    known = ~np.isnan(found.probability)
    return found.probability[known & pairs].mean(), found.probability[known & ~pairs].mean()


def test_bm25_and_similarity_are_added_where_a_run_has_no_probabilities(made, plain):
    collection, _, truth = made
    run = open_run(plain[0], collection=collection)
    alone = Reselector(collection, with_calibration(recipe_of(run)), run.ledger, {})
    alone.calibrate()
    more, _ = calibrated_reselector(run, NullProgress())
    weights = more.validation.calibration.facts["weights"]
    assert set(weights) == {"vectors", "bm25", "similar_to_positive"}
    assert set(alone.validation.calibration.facts["weights"]) == {"vectors"}
    relevant, others = mean_probabilities(more, collection, truth)
    before = mean_probabilities(alone, collection, truth)
    assert relevant / others > 1.1 * before[0] / before[1]


def test_what_is_added_is_made_once_for_the_whole_audit(made, plain, monkeypatch):
    called = []

    def counted(owner, name):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *arguments: called.append(owner.__name__) or real(*arguments))

    counted(Vectors, "open")
    counted(InvertedRanker, "score")
    counted(similar_to_positive._Similarity, "evidence")
    summary = auditing.audit(plain[0], collection=made[0])
    assert set(summary["estimates"]) == {"hidden_positives", "calibrated"} and summary["trade_off"]
    assert sorted(called) == ["InvertedRanker", "Vectors", "_Similarity"]


def test_negatives_stay_those_of_the_run_s_own_rankers(made, plain):
    summary = auditing.audit(plain[0], collection=made[0], method="calibrated")
    assert list(summary["by"]["ranker"]) == ["vectors"]
    assert summary["rate"] > 0.3


def test_the_evidence_of_a_run_with_probabilities_is_its_own(made, tmp_path):
    run = pipeline.mine(made[0], Recipe.build(made[1]), tmp_path / "run")
    reselector, _ = calibrated_reselector(run, NullProgress())
    assert set(reselector.validation.calibration.facts["weights"]) == {"vectors", "similar_to_positive"}
