"""A real, tiny late-interaction model scores candidates by MaxSim."""

import json

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS, Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.rankers import late as module
from hardneg.rankers.late import Late, LateModel, _mean_max
from hardneg.testing import collection
from tests import tiny
from tests.cli.test_cli import run
from tests.validators.blocks import whole

QUERY = np.array([0], np.int32)
DOCUMENTS = {"a": "one step", "b": "two leaps", "c": "mice"}


def known():
    return collection(DOCUMENTS, {"q": "small mice"}, [("q", "c", 1)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny.late(tmp_path_factory.mktemp("late"), prompts={"query": "q ", "document": "d "}))


def scored(folder, tmp_path, docs=(0, 1, 2), **settings):
    ranker = Late(folder, **settings).open(known(), Context(tmp_path))
    return ranker, ranker.score(QUERY, np.array([docs], np.int32))[0]


def test_the_score_is_the_mean_of_the_greatest_similarities():
    import torch

    query = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    document = torch.tensor([[0.5, 0.0], [0.25, 0.125], [-1.0, -1.0]])
    assert _mean_max(query, document) == (0.5 + 0.125) / 2
    assert _mean_max(query, document[:0]) == 0


def test_scores_are_those_of_the_library(folder, tmp_path):
    ranker, scores = scored(folder, tmp_path, (2, 0, -1), precision="fp32")
    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.util import mean_maxsim

    model = MultiVectorEncoder(folder, device="cpu")
    documents = model.encode_document(["mice", "one step"])
    expected = mean_maxsim(model.encode_query(["small mice"]), documents)[0].tolist()
    assert scores[:2] == pytest.approx(expected, abs=1e-6) and np.isnan(scores[2])
    assert ranker.retrieves is False and ranker.facts["prompts"] == {"query": "q ", "document": "d "}


def test_a_pair_is_scored_once_by_ranker_and_validator(folder, tmp_path, monkeypatch):
    _, first = scored(folder, tmp_path)
    monkeypatch.setattr(LateModel, "scores", None)
    assert scored(folder, tmp_path, (2, 1, 0))[1].tolist() == first[::-1].tolist()
    validator = VALIDATORS.make({"late": {"model": folder, "margin": 0.1}})
    evidence = validator.open(known(), {}, Context(tmp_path)).evidence(whole(known(), {"one": [[0] * 3]}))
    assert evidence[0].tolist() == first.tolist()
    suspected = validator.suspects(np.array([[0.5, 0.65, np.nan]], np.float32), np.float32([[0.7]]))
    assert suspected.tolist() == [[False, True, False]]


def test_models_that_are_none_of_late_interaction_are_refused(tmp_path):
    for name in ("bi", "cross"):
        make = {"bi": tiny.bi_encoder, "cross": tiny.cross_encoder}[name]
        with pytest.raises(ConfigError, match="is no late-interaction model"):
            scored(str(make(tmp_path / name)), tmp_path)
    with pytest.raises(ConfigError, match="late has no default model"):
        scored("default", tmp_path)


def test_scores_that_are_no_numbers_are_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_mean_max", lambda query, document: float("nan"))
    with pytest.raises(DataError, match="gives NaN or infinity"):
        scored(folder, tmp_path)


def test_a_model_of_pylate_is_loaded(folder, tmp_path):
    import shutil

    copy = tmp_path / "pylate"
    shutil.copytree(folder, copy)
    modules = json.loads((copy / "modules.json").read_text())
    modules[1]["type"] = "pylate.models.Dense.Dense"
    (copy / "modules.json").write_text(json.dumps(modules[:2]))
    config = json.loads((copy / "config_sentence_transformers.json").read_text())
    config |= {"model_type": "ColBERT", "query_prefix": "q ", "document_prefix": "d "}
    (copy / "config_sentence_transformers.json").write_text(json.dumps(config))
    _, scores = scored(str(copy), tmp_path)
    assert np.isfinite(scores).all() and (np.abs(scores) <= 1.001).all()


def test_mining_with_it_works_from_end_to_end(folder, beir, tmp_path, monkeypatch):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    more = ("--recipe", "naive", "--ranker", "bm25", "--ranker", f"late:{folder}", "--quiet")
    run("mine", beir, "--out", tmp_path / "run", *more, "--set", f"validation.validators=[late:{folder}]")
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["rankers"]["late"]["weights"] == info["validation"]["validators"]["late"]["weights"]
