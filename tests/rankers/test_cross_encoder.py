"""A real, tiny cross-encoder scores candidates and retrieves none."""

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS, Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.progress import NullProgress
from hardneg.rankers.cross_encoder import CrossEncoder
from hardneg.rankers.dense.models import load_model
from hardneg.testing import collection
from tests import tiny


def known():
    return collection({"a": "one step", "b": "two leaps", "c": "mice"}, {"q": "small mice"}, [("q", "c", 1)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny.cross_encoder(tmp_path_factory.mktemp("cross")))


def test_scores_are_those_of_the_model(folder, tmp_path):
    ranker = CrossEncoder(folder).open(known(), Context(tmp_path))
    scores = ranker.score(np.array([0], np.int32), np.array([[2, 0, -1]], np.int32))
    pairs = [("small mice", "mice"), ("small mice", "one step")]
    expected = load_model("CrossEncoder", folder, device="cpu").predict(pairs)
    assert scores[0, :2] == pytest.approx(expected, abs=1e-6) and np.isnan(scores[0, 2])
    assert ranker.retrieves is False and (ranker.search(np.array([0], np.int32), 2)[0] == -1).all()


def test_a_pair_is_read_once(folder, tmp_path, monkeypatch):
    ranker = CrossEncoder(folder).open(known(), Context(tmp_path))
    first = ranker.score(np.array([0], np.int32), np.array([[2, 0]], np.int32))
    monkeypatch.setattr(ranker, "_model", None)
    assert (
        ranker.score(np.array([0], np.int32), np.array([[0, 2]], np.int32)).tolist()
        == first[:, ::-1].tolist()
    )


def test_models_that_score_no_pairs_are_refused(tmp_path):
    bi_encoder = str(tiny.bi_encoder(tmp_path))
    for model, message in (("default", "no default model"), (bi_encoder, "no trained score of pairs")):
        with pytest.raises(ConfigError, match=message):
            CrossEncoder(model).open(known(), Context(tmp_path))


def test_scores_that_are_no_numbers_are_refused(folder, tmp_path, monkeypatch):
    ranker = CrossEncoder(folder).open(known(), Context(tmp_path))
    monkeypatch.setattr(ranker._model, "predict", lambda pairs, **options: np.full(len(pairs), np.nan))
    with pytest.raises(DataError, match="one finite score per pair"):
        ranker.score(np.array([0], np.int32), np.array([[1]], np.int32))


def test_a_prompt_reaches_the_model_and_the_facts(folder, tmp_path, monkeypatch):
    ranker = CrossEncoder(folder, prompt="Is it relevant?").open(known(), Context(tmp_path))
    asked = []
    monkeypatch.setattr(
        ranker._model, "predict", lambda pairs, **options: asked.append(options) or np.zeros(len(pairs))
    )
    ranker.score(np.array([0], np.int32), np.array([[1]], np.int32))
    assert asked[0]["prompt"] == "Is it relevant?" == ranker.facts["prompt"]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    return str(
        tiny.cross_encoder(tmp_path_factory.mktemp("labels"), num_labels=3, prompts={"rank": "rank: "})
    )


def test_a_model_of_several_labels_is_refused_before_anything_is_scored(labelled, tmp_path):
    message = r"gives 3 scores per pair \(LABEL_0, LABEL_1, LABEL_2\).*--set {}\.positive_label=LABEL_2"
    with pytest.raises(ConfigError, match=message.format(r"rank\.rankers\.cross-encoder")):
        CrossEncoder(labelled).open(known(), Context(tmp_path))
    validator = VALIDATORS.make(f"cross-encoder:{labelled}")
    with pytest.raises(ConfigError, match=message.format(r"validation\.validators\.cross-encoder")):
        validator.open(known(), {}, Context(tmp_path))


@pytest.mark.parametrize("label", [1, "LABEL_1"])
def test_the_score_is_the_probability_of_the_label_that_is_named(labelled, tmp_path, label):
    ranker = CrossEncoder(labelled, positive_label=label).open(known(), Context(tmp_path))
    scores = ranker.score(np.array([0], np.int32), np.array([[2, 0]], np.int32))
    model = load_model("CrossEncoder", labelled, device="cpu")
    logits = model.predict([("small mice", "mice"), ("small mice", "one step")])
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert scores[0] == pytest.approx(expected[:, 1], abs=1e-6)
    assert ranker.facts["positive_label"] == 1


@pytest.mark.parametrize("label", [3, -1, "relevant"])
def test_a_label_that_the_model_lacks_is_refused(labelled, folder, tmp_path, label):
    for model, message in ((labelled, "it has LABEL_0, LABEL_1, LABEL_2"), (folder, "one score per pair")):
        with pytest.raises(ConfigError, match=f"positive_label {label}: .*{message}"):
            CrossEncoder(model, positive_label=label).open(known(), Context(tmp_path))


def test_a_prompt_by_name_and_prompts_that_are_not_used(labelled, tmp_path):
    silent = CrossEncoder(labelled, positive_label=0).open(known(), Context(tmp_path))
    assert silent.facts["unused_prompts"] == ["rank"]
    named = CrossEncoder(labelled, positive_label=0, prompt="rank").open(known(), Context(tmp_path))
    assert named.facts["prompt"] == "rank: " and "unused_prompts" not in named.facts


def test_progress_is_reported_in_chunks_that_end_where_a_query_does(folder, tmp_path, monkeypatch):
    class Recorded(NullProgress):
        def __init__(self):
            self.stages, self.steps = [], []

        def task(self, name, total, unit):
            self.stages.append((name, total, unit))
            return super().task(name, total, unit)

        def advance(self, steps=1):
            self.steps.append(steps)

    monkeypatch.setattr("hardneg.rankers.pair_scorer._CHUNK", 2)
    two = collection(
        {"a": "one", "b": "two", "c": "mice"}, {"q": "x", "r": "y"}, [("q", "c", 1), ("r", "a", 1)]
    )
    progress = Recorded()
    ranker = CrossEncoder(folder).open(two, Context(tmp_path, progress))
    ranker.score(np.array([0, 1], np.int32), np.array([[0, 1, 2], [0, 1, -1]], np.int32))
    assert progress.stages == [("cross-encoder: score pairs", 5, "pairs")] and progress.steps == [3, 2]
