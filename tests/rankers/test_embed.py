"""Vectors from a server: those of the texts, each asked for once, and a run from end to end."""

import json

import numpy as np
import pytest

from hardneg.core.components import RANKERS, Context
from hardneg.core.errors import DataError
from hardneg.testing import check_ranker, collection
from tests.cli.test_cli import run
from tests.endpoints.arrays import vector
from tests.llm.llm import reply

DOCUMENTS = {"x": "aaa", "y": "ab", "z": "c"}
QUERY = np.array([0], np.int32)


def known():
    return collection(DOCUMENTS, {"q": "a"}, [("q", "x", 1)])


def opened(arrays, tmp_path, **settings):
    settings = {"endpoint": f"{arrays.url}#m", "retries": 0, **settings}
    return RANKERS.make({"embed": settings}).open(known(), Context(tmp_path))


def cosine(one, other):
    return float(np.dot(one, other) / np.linalg.norm(one) / np.linalg.norm(other))


def test_it_keeps_the_contract(arrays):
    arrays.vectors = lambda text: [1 + text.count(letter) for letter in "aeiou"]
    check_ranker(f"embed:{arrays.url}#m")


def test_scores_are_cosines_of_the_vectors_given(arrays, tmp_path):
    docs, scores = opened(arrays, tmp_path).search(QUERY, 3)
    expected = sorted(((cosine(vector("a"), vector(text)), name) for name, text in DOCUMENTS.items()))[::-1]
    assert [["x", "y", "z"][doc] for doc in docs[0]] == [name for _, name in expected]
    assert scores[0] == pytest.approx([value for value, _ in expected], abs=1e-6)
    assert [request["model"] for request in arrays.requests] == ["m", "m"]


def test_dot_products_prompts_and_further_fields(arrays, tmp_path):
    more = {"normalize": False, "query_prompt": "b: ", "options": {"dimensions": 3}}
    ranker = opened(arrays, tmp_path, **more)
    assert ranker.score(QUERY, np.array([[0]], np.int32))[0, 0] == np.dot(vector("b: a"), vector("aaa"))
    assert arrays.requests[1]["input"] == ["b: a"] and arrays.requests[1]["dimensions"] == 3
    assert ranker.facts["similarity"] == "dot" and ranker.facts["query_prompt"] == "b: "


def test_texts_are_asked_for_once_by_all_runs_of_one_model_and_prompt(arrays, tmp_path):
    opened(arrays, tmp_path)
    opened(arrays, tmp_path, name="again", concurrency=3)
    assert len(arrays.requests) == 2
    opened(arrays, tmp_path, query_prompt="query: ")
    assert len(arrays.requests) == 3
    opened(arrays, tmp_path, endpoint=f"{arrays.url}#other")
    assert len(arrays.requests) == 5


def test_after_a_failure_nothing_that_was_answered_is_asked_again(arrays, tmp_path):
    arrays.change = lambda entries: entries if len(arrays.requests) != 3 else []
    with pytest.raises(DataError, match="about 0 texts, 1 were asked about; earlier answers are kept"):
        opened(arrays, tmp_path, batch_size=1, concurrency=1)
    asked = len(arrays.requests)
    ranker = opened(arrays, tmp_path, batch_size=1, concurrency=1)
    assert [request["input"] for request in arrays.requests[asked:]] == [["c"], ["a"]]
    assert ranker.score(QUERY, np.array([[2]], np.int32))[0, 0] == pytest.approx(
        cosine(vector("a"), vector("c")), abs=1e-6
    )


def test_a_zero_vector_and_another_model_under_the_same_name_are_one_line(arrays, tmp_path):
    arrays.vectors = lambda text: [0.0, 0.0] if text == "ab" else [1.0, 0.0]
    with pytest.raises(DataError, match="the vector of the text 'ab' is zero"):
        opened(arrays, tmp_path)
    arrays.vectors = lambda text: [1.0] * (2 if text == "a" else 3)
    with pytest.raises(DataError, match="vectors of 2 and of 3 numbers; is the same model served as before"):
        opened(arrays, tmp_path / "other")


def test_mining_with_it_works_from_end_to_end(arrays, beir, tmp_path, monkeypatch):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    arrays.vectors = lambda text: [1.0 + text.count(letter) for letter in "abcdefgh"]
    ranker = f"embed:{arrays.url}#m"
    run("mine", beir, "--out", tmp_path / "run", "--recipe", "naive", "--ranker", ranker, "--quiet")
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["rankers"]["embed"]["endpoint"] == arrays.url and info["counts"]["negatives"] > 0


def test_a_server_that_refuses_the_key_is_one_line_and_exit_2(arrays, beir, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    arrays.failures = [reply("{}", 401)]
    more = ("--recipe", "naive", "--ranker", f"embed:{arrays.url}#m", "--quiet")
    run("mine", beir, "--out", tmp_path / "run", *more, expect=2)
    assert capsys.readouterr().err == f"hardneg: {arrays.url}: HTTP 401: the key is missing or wrong\n"
