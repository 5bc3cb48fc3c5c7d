"""A real, tiny cross-encoder scores candidates and retrieves none."""

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS, Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.progress import NullProgress
from hardneg.core.records import Candidates
from hardneg.rankers.cross_encoder import CrossEncoder
from hardneg.rankers.dense import forward
from hardneg.rankers.dense.models import load_model
from hardneg.rankers.pairs.model import PairModel
from hardneg.testing import collection
from tests import tiny

real = PairModel.scores


def known():
    return collection({"a": "one step", "b": "two leaps", "c": "mice"}, {"q": "small mice"}, [("q", "c", 1)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny.cross_encoder(tmp_path_factory.mktemp("cross")))


def test_scores_are_those_of_the_model(folder, tmp_path):
    ranker = CrossEncoder(folder, precision="fp32").open(known(), Context(tmp_path))
    scores = ranker.score(np.array([0], np.int32), np.array([[2, 0, -1]], np.int32))
    pairs = [("small mice", "mice"), ("small mice", "one step")]
    expected = load_model("CrossEncoder", folder, device="cpu").predict(pairs)
    assert scores[0, :2] == pytest.approx(expected, abs=1e-6) and np.isnan(scores[0, 2])
    assert ranker.retrieves is False and (ranker.search(np.array([0], np.int32), 2)[0] == -1).all()


def scored(ranker, docs=(2, 0)):
    return ranker.score(np.array([0], np.int32), np.array([docs], np.int32))[0].tolist()


def test_a_pair_is_scored_once_by_all_runs_of_the_same_settings(folder, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(PairModel, "scores", lambda self, queries, documents: asked.append(documents) or real(
        self, queries, documents
    ))  # fmt: skip
    context = Context(tmp_path)
    first = scored(CrossEncoder(folder, precision="fp32").open(known(), context))
    deeper = scored(CrossEncoder(folder, precision="fp32", name="again").open(known(), context), (1, 0, 2))
    assert asked == [["mice", "one step"], ["two leaps"]] and deeper[2:0:-1] == first
    validator = VALIDATORS.make({"cross-encoder": {"model": folder, "precision": "fp32"}}).open(
        known(), {}, context
    )
    candidates = Candidates(
        np.array([0], np.int32), np.array([[2, 0]], np.int32), np.array([[1, 2]], np.int32), {}, {}, ""
    )
    assert validator.evidence(candidates)[0].tolist() == first and len(asked) == 2
    scored(CrossEncoder(folder, precision="fp32", max_length=8).open(known(), context))
    scored(CrossEncoder(folder, precision="fp32", prompt="Is it?").open(known(), context))
    scored(CrossEncoder(folder, precision="bf16").open(known(), context))
    assert len(asked) == 5, "other settings give other scores"


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_scores_of_bf16_are_near_and_not_rounded_to_8_bits(folder, tmp_path, precision):
    docs = {f"d{n}": f"mice {chr(97 + n % 26)} {n}" for n in range(200)}
    many = collection(docs, {"q": "small mice"}, [("q", "d0", 1)])
    ranker = CrossEncoder(folder, precision=precision).open(many, Context(tmp_path))
    scores = np.array(scored(ranker, range(200)), np.float32)
    pairs = [("small mice", text) for text in docs.values()]
    expected = load_model("CrossEncoder", folder, device="cpu").predict(pairs)
    assert scores == pytest.approx(expected, abs=1e-6 if precision == "fp32" else 0.02)
    rounded = (scores.view(np.uint32) & 0xFFFF) == 0  # what bf16 could hold
    assert rounded.mean() < 0.1 and ranker.facts["precision"] == precision


def test_models_that_score_no_pairs_are_refused(tmp_path):
    bi_encoder = str(tiny.bi_encoder(tmp_path))
    for model, message in (("default", "no default model"), (bi_encoder, "no trained score of pairs")):
        with pytest.raises(ConfigError, match=message):
            CrossEncoder(model).open(known(), Context(tmp_path))


def test_scores_that_are_no_numbers_are_refused(folder, tmp_path, monkeypatch):
    ranker = CrossEncoder(folder).open(known(), Context(tmp_path))
    monkeypatch.setattr(forward, "run", lambda models, pairs, job, advance: np.full((len(pairs), 1), np.nan))
    with pytest.raises(DataError, match="must give one finite score per pair; is it a reranker"):
        scored(ranker)
    assert not list(tmp_path.glob("pairs/*/*")), "nothing is kept"


def test_a_prompt_reaches_the_model_and_the_facts(folder, tmp_path, monkeypatch):
    ranker = CrossEncoder(folder, prompt="Is it relevant?").open(known(), Context(tmp_path))
    asked, preprocess = [], ranker._model._model.preprocess
    monkeypatch.setattr(
        ranker._model._model,
        "preprocess",
        lambda pairs, prompt=None: asked.append(prompt) or preprocess(pairs, prompt=prompt),
    )
    scored(ranker)
    assert asked[0] == "Is it relevant?" == ranker.facts["prompt"]


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
    ranker = CrossEncoder(labelled, positive_label=label, precision="fp32").open(known(), Context(tmp_path))
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

    monkeypatch.setattr("hardneg.rankers.pairs.model.CHUNK", 2)
    two = collection(
        {"a": "one", "b": "two", "c": "mice"}, {"q": "x", "r": "y"}, [("q", "c", 1), ("r", "a", 1)]
    )
    progress = Recorded()
    ranker = CrossEncoder(folder).open(two, Context(tmp_path, progress))
    ranker.score(np.array([0, 1], np.int32), np.array([[0, 1, 2], [0, 1, -1]], np.int32))
    assert progress.stages == [("cross-encoder: score pairs", 5, "pairs")] and progress.steps == [3, 2]
