"""Plain functions as rankers, mined from end to end."""

import json
import pickle

import numpy as np
import pytest
from ray import cloudpickle

from hardneg.core.components import RANKERS, Context, Ranker
from hardneg.core.components import ranker as register
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.progress import NullProgress
from hardneg.mining.miner import Miner
from hardneg.mining.pipeline import mine
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import Clock
from hardneg.testing import FakeRanker
from tests.conftest import WORDS


def bag(texts, *, power=1.0):
    """Counts words."""
    return [[(1 + text.split().count(word)) ** power for word in WORDS] for text in texts]


def shared(query, documents, *, weight=2.0):
    return [weight * len(set(query.split()) & set(document.split())) for document in documents]


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Registers the functions for one test."""
    RANKERS.names()
    monkeypatch.setattr(RANKERS, "_classes", dict(RANKERS._classes))
    register("bag-of-words")(bag)
    register("shared-words")(shared)


def rows(*numbers):
    return np.array(numbers, np.int32)


@pytest.fixture
def mined(beir, tmp_path):
    def run(recipe, rankers, out="run", *options):
        chosen = Recipe.named(recipe, ["format=jsonl", "rank.depth=10", *options], rankers=rankers)
        mine(str(beir), chosen, tmp_path / out)
        return json.loads((tmp_path / out / "run.json").read_text("utf-8"))

    return run


def test_an_encoder_is_mined_with_perc_pos(mined):
    run = mined("perc-pos", [{"bag-of-words": {"power": 2.0}}])
    facts = run["rankers"]["bag-of-words"]
    assert facts["function"].endswith("test_functions:bag") and facts["power"] == 2.0
    assert run["recipe"]["rank"]["rankers"] == [{"bag-of-words": {"power": 2.0}}]
    assert run["recipe"]["select"]["by"] == "bag-of-words" and run["counts"]["negatives"] > 0


def test_a_scorer_reranks_beside_bm25(mined):
    run = mined("naive", ["bm25", "shared-words"])
    assert set(run["rankers"]) == {"bm25", "shared-words"}
    assert run["recipe"]["select"]["by"] == "shared-words" and run["counts"]["negatives"] > 0


def test_a_scorer_alone_finds_nothing(mined):
    with pytest.raises(ConfigError, match="shared-words scores candidates and finds none"):
        mined("perc-pos", ["shared-words"])


def test_the_encoder_ranks_by_cosine(collection, tmp_path):
    ranker = RANKERS.make("bag-of-words").open(collection, Context(tmp_path))
    texts = collection.documents.texts(np.arange(30, dtype=np.int32))
    counts = np.array(bag(texts), float)
    query = np.array(bag(collection.queries.texts(rows(2))), float)[0]
    cosines = counts @ query / np.linalg.norm(counts, axis=1) / np.linalg.norm(query)
    given = ranker.score(rows(2), np.arange(30, dtype=np.int32)[None, :])
    np.testing.assert_allclose(given[0], cosines, rtol=1e-6)
    docs, scores = ranker.search(rows(2), 5)
    np.testing.assert_array_equal(ranker.score(rows(2), docs), scores)
    assert ranker.alike(rows(3), np.array([[3, -1]], np.int32))[0, 0] == pytest.approx(1)


def test_the_scorer_reads_a_pair_once_and_all_documents_of_a_query_together(collection, tmp_path):
    calls = []

    def count(query, documents):
        calls.append(len(documents))
        return np.arange(len(documents))

    ranker = RANKERS.make(count).open(collection, Context(tmp_path))
    docs = np.array([[4, 5, -1], [4, -1, -1]], np.int32)
    scores = ranker.score(rows(0, 1), docs)
    np.testing.assert_array_equal(scores, ranker.score(rows(0, 1), docs))
    assert calls == [2, 1] and scores[0, :2].tolist() == [0, 1] and np.isnan(scores[1, 1])
    assert not ranker.retrieves and (ranker.search(rows(0), 2)[0] == -1).all()


@pytest.mark.parametrize(
    ("encode", "message"),
    [
        (lambda texts: np.ones((len(texts) + 1, 2)), r"returns shape \(31, 2\) for 30 texts, expected \(30,"),
        (lambda texts: np.ones(len(texts)), r"returns shape \(30,\) for 30 texts"),
        (lambda texts: np.full((len(texts), 2), np.nan), "holds NaN or infinity; it has no cosine"),
        (lambda texts: np.zeros((len(texts), 2)), "is zero; it has no cosine"),
        (lambda texts: [[1.0]] * (len(texts) - 1) + [[1.0, 2.0]], "returns no array of numbers"),
        (lambda texts: texts, "returns no array of numbers"),
        (lambda texts: np.ones((len(texts), len(texts))), "30 dimensions for documents, 7 for queries"),
    ],
)
def test_vectors_that_do_not_fit_are_refused_in_one_line(collection, tmp_path, encode, message):
    with pytest.raises(DataError, match=message) as caught:
        RANKERS.make(encode).open(collection, Context(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_later_batch_of_another_dimension_is_refused(collection, tmp_path, monkeypatch):
    monkeypatch.setattr("hardneg.rankers.functions._BATCH", 20)
    with pytest.raises(DataError, match=r"returns shape \(10, 10\) for 10 texts, expected \(10, 20\)"):
        RANKERS.make(lambda texts: np.ones((len(texts), len(texts)))).open(collection, Context(tmp_path))


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (lambda query, documents: [1.0], r"returns shape \(1,\) for 2 documents, expected \(2,\)"),
        (lambda query, documents: [1.0, np.nan], "NaN or infinity for the document"),
        (lambda query, documents: None, r"returns shape \(\) for 2 documents"),
        (lambda query, documents: documents, "returns no array of numbers"),
    ],
)
def test_scores_that_do_not_fit_are_refused_in_one_line(collection, tmp_path, score, message):
    ranker = RANKERS.make(score).open(collection, Context(tmp_path))
    with pytest.raises(DataError, match=message) as caught:
        ranker.score(rows(0), np.array([[3, 4]], np.int32))
    assert "\n" not in str(caught.value)


def test_functions_of_other_arguments_are_no_rankers():
    with pytest.raises(ConfigError, match=r"takes 3 arguments; a ranker takes \(texts\) or \(query, doc"):
        RANKERS.make(lambda a, b, c: None)
    with pytest.raises(ConfigError, match="ranker shared-words: .*weights"):
        RANKERS.make({"shared-words": {"weights": 1}})


@pytest.mark.parametrize("given", ["bag-of-words", {"shared-words": {"weight": 3.0}}, bag, shared])
def test_what_is_described_can_be_made_again(given):
    ranker = RANKERS.make(given)
    described = RANKERS.describe(ranker)
    assert RANKERS.can_make(described) and RANKERS.make(json.loads(json.dumps(described))) == ranker


def test_the_facts_change_with_the_code_of_a_function(collection, tmp_path):
    def one(texts):
        return np.ones((len(texts), 2))

    def other(texts):
        return 2 * np.ones((len(texts), 2))

    first, second = (RANKERS.make(f).open(collection, Context(tmp_path)).facts["code"] for f in (one, other))
    assert len(first) == 64 and first != second


def test_calibration_treats_an_encoder_and_any_class_that_says_so_as_it_does_cosines(collection, tmp_path):
    @register("third-party")
    class ThirdParty(FakeRanker):
        comparable = True
        measures_similarity = True

    fake = ThirdParty(np.random.default_rng(0).random((7, 30)))
    recipe = Recipe.named("default", rankers=["bm25", "bag-of-words", fake])
    assert recipe.rank.scorers == {"bm25": False, "bag-of-words": True, "third-party": True}
    assert recipe.rank.similarity_names == ("bag-of-words", "third-party")
    assert recipe.select.by == "bag-of-words"
    miner = Miner.opened(collection, recipe, Context(tmp_path, NullProgress()), Clock())
    assert set(miner.facts) == {"bm25", "bag-of-words", "third-party"}


def function_of_a_script():
    """Returns a registered encoder that no module has, as one of `__main__`."""
    names = {"__name__": "__main__"}
    exec("def encode(texts, *, size=2):\n    return [[1.0] * size] * len(texts)\n", names)
    return register("of-a-script")(names["encode"])


def test_rankers_reach_the_workers_of_a_cluster_under_their_names(collection, tmp_path):
    of_a_script = RANKERS.make(function_of_a_script())
    for ranker in (RANKERS.make({"bag-of-words": {"power": 3.0}}), of_a_script):
        sent = pickle.loads(cloudpickle.dumps(ranker))
        assert RANKERS.name_of(sent) == RANKERS.name_of(ranker)
        assert RANKERS.describe(sent) == RANKERS.describe(ranker)
        given = sent.open(collection, Context(tmp_path)).search(rows(0), 4)
        np.testing.assert_array_equal(
            given[0], ranker.open(collection, Context(tmp_path)).search(rows(0), 4)[0]
        )


def test_a_function_s_class_says_what_the_function_says():
    ranker = RANKERS.make("bag-of-words")
    assert isinstance(ranker, Ranker) and ranker.comparable and type(ranker).__doc__ == "Counts words."
