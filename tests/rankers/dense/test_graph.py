import json

import numpy as np
import pytest

from hardneg.core.components import RANKERS, Context
from hardneg.core.errors import ConfigError, DataError, MissingExtra
from hardneg.rankers.dense import Dense
from hardneg.rankers.dense.graph import GraphSearch
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch
from hardneg.testing import collection
from tests import tiny


def unit(seed, count, dimension=16):
    made = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def searches(vectors, expansion=64, size=700, cache=None):
    chunks = Vectors([vectors[i : i + size] for i in range(0, len(vectors), size)], size)
    exact = ExactSearch(chunks)
    return GraphSearch(exact, chunks, expansion, cache), exact


def test_it_finds_nearly_what_exact_search_finds_with_the_same_scores_to_the_bit():
    vectors, queries = unit(0, 3_000), unit(1, 50)
    graph, exact = searches(vectors, 200)
    docs, scores = graph.search(queries, 10)
    expected = exact.search(queries, 10)[0]
    assert np.mean([len(np.intersect1d(a, b)) for a, b in zip(docs, expected, strict=True)]) > 9.5
    np.testing.assert_array_equal(scores, exact.score(queries, docs))
    assert (np.diff(scores, axis=1) <= 0).all()


def test_the_answer_is_the_same_every_time_and_for_a_query_alone():
    vectors, queries = unit(0, 2_000), unit(1, 30)
    first, again = (searches(vectors)[0].search(queries, 20) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    graph, _ = searches(vectors)
    np.testing.assert_array_equal(graph.search(queries[7:8], 20)[0][0], first[0][7])
    assert graph.search(queries[:0], 20)[0].shape == (0, 20)


def test_a_graph_is_built_once_for_its_vectors_and_mapped(tmp_path, monkeypatch):
    vectors, queries = unit(0, 2_000), unit(1, 30)
    alone = searches(vectors)[0].search(queries, 20)
    built = searches(vectors, cache=tmp_path)[0].search(queries, 20)
    with monkeypatch.context() as without:
        without.setattr("usearch.index.Index.add", None)
        cached = searches(vectors, 64, 300, tmp_path)[0].search(queries, 20)
        more = searches(vectors, 300, cache=tmp_path)[0].search(queries, 20)
    for found in (built, cached):
        np.testing.assert_array_equal(found[0], alone[0])
        np.testing.assert_array_equal(found[1], alone[1])
    assert more[1].sum() >= alone[1].sum()
    searches(vectors[::-1], cache=tmp_path)
    assert len(list((tmp_path / "hnsw").glob("*.usearch"))) == 2


def test_changed_code_builds_a_graph_of_its_own(tmp_path, monkeypatch):
    searches(unit(0, 500), cache=tmp_path)
    monkeypatch.setattr("hardneg.rankers.dense.graph.code_digest", lambda *code: "changed code")
    searches(unit(0, 500), cache=tmp_path)
    assert len(list((tmp_path / "hnsw").glob("*.usearch"))) == 2


def test_a_damaged_graph_is_built_again(tmp_path, caplog):
    vectors, queries = unit(0, 2_000), unit(1, 30)
    before = searches(vectors, cache=tmp_path)[0].search(queries, 20)
    [path] = (tmp_path / "hnsw").glob("*.usearch")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)
    again = searches(vectors, cache=tmp_path)[0].search(queries, 20)
    assert f"{path} is corrupt; rebuilding it" in caplog.text
    np.testing.assert_array_equal(again[0], before[0])
    np.testing.assert_array_equal(searches(vectors, cache=tmp_path)[0].search(queries, 20)[0], before[0])


def test_equal_scores_rank_in_the_corpus_order():
    vectors = np.repeat(unit(0, 500), 2, axis=0)
    docs = searches(vectors)[0].search(unit(1, 20), 8)[0]
    assert (docs[:, ::2] + 1 == docs[:, 1::2]).all()


@pytest.mark.parametrize("depth", [51, 500, 700])
def test_a_deep_search_is_exact_and_ends_with_the_corpus(depth):
    graph, exact = searches(unit(0, 500))
    for found, expected in zip(*(each.search(unit(1, 5), depth) for each in (graph, exact)), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_query_for_which_the_walk_finds_too_few_is_searched_exactly(monkeypatch):
    graph, exact = searches(unit(0, 500))
    walked = graph._search_graph

    def lame(queries, depth):
        docs = walked(queries, depth)
        docs[1, 3:] = -1
        return docs

    monkeypatch.setattr(graph, "_search_graph", lame)
    docs, scores = graph.search(unit(1, 3), 10)
    expected = exact.search(unit(1, 3), 10)
    np.testing.assert_array_equal(docs[1], expected[0][1])
    np.testing.assert_array_equal(scores[1], expected[1][1])
    assert (docs >= 0).all()


def test_recall_is_the_share_of_the_exact_documents_found(monkeypatch):
    graph, exact = searches(unit(0, 500))
    facts = graph.facts(unit(1, 4))
    assert (facts["kind"], facts["recall_at"], facts["sample"]) == ("hnsw", 50, 4)
    assert 0.9 < facts["recall"] <= 1
    nearest = exact.search(unit(1, 4), 50)[0]
    missing = [doc for doc in range(500) if doc not in nearest[0]][:20]

    def half(queries, depth):
        docs = nearest.copy()
        docs[0, 30:] = missing  # 20 of 4 x 50 are wrong
        return docs

    monkeypatch.setattr(graph, "_search_graph", half)
    assert graph.facts(unit(1, 4))["recall"] == pytest.approx(0.9)


def test_vectors_that_are_no_numbers_are_refused():
    graph, _ = searches(unit(0, 500))
    with pytest.raises(DataError, match="the vector of query 1, from 0"):
        graph.search(np.array([[1.0] * 16, [np.nan] * 16], np.float32), 5)


def test_the_ranker_says_how_it_searches_and_scores_as_the_exact_one(tmp_path):
    texts = {f"d{n}": f"number {n} {'mice' if n % 3 else 'steps'}" for n in range(60)}
    known = collection(texts, {"q": "three mice", "r": "one step"}, [("q", "d1", 1), ("r", "d2", 1)])
    model, rows = str(tiny.bi_encoder(tmp_path / "model")), np.array([0, 1], np.int32)
    context = Context(tmp_path / "cache")
    exact = Dense(model).open(known, context)
    graph = RANKERS.make({"dense": {"model": model, "search": "hnsw", "expansion": 99}}).open(known, context)
    assert "search" not in exact.facts
    kept = json.loads(json.dumps(graph.facts["search"]))
    assert (kept["expansion"], kept["recall_at"], kept["sample"]) == (99, 6, 2)
    docs, scores = graph.search(rows, 5)
    np.testing.assert_array_equal(scores, exact.score(rows, docs))
    np.testing.assert_array_equal(graph.search(rows, 60)[0], exact.search(rows, 60)[0])
    others = np.array([[3], [-1]], np.int32)
    np.testing.assert_array_equal(graph.alike(rows, others), exact.alike(rows, others))


def test_unknown_kinds_and_a_missing_library_are_told(monkeypatch):
    with pytest.raises(ConfigError, match="search"):
        RANKERS.make({"dense": {"search": "ivf"}})
    monkeypatch.setitem(__import__("sys").modules, "usearch.index", None)
    with pytest.raises(MissingExtra, match=r"hardneg\[hnsw\]"):
        searches(unit(0, 20))
