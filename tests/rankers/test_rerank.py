"""A reranker behind HTTP: each pair is paid for once, whatever the server does."""

import json

import numpy as np
import pytest

from hardneg.core.components import RANKERS, VALIDATORS, Context
from hardneg.core.errors import DataError
from hardneg.core.records import Candidates
from hardneg.testing import check_ranker, collection
from tests.cli.test_cli import run
from tests.endpoints.arrays import score
from tests.llm.llm import reply

TEXTS = ["one two", "two", "three two one", "four"]
QUERIES = np.array([0, 1], np.int32)
ALL = np.array([[0, 1, 2, 3], [3, 2, 1, -1]], np.int32)


def known():
    judged = [("q", "d0", 1), ("r", "d1", 1)]
    return collection({f"d{n}": text for n, text in enumerate(TEXTS)}, {"q": "one", "r": "two"}, judged)


def opened(arrays, tmp_path, **settings):
    settings = {"endpoint": arrays.url, "retries": 0, "concurrency": 1, **settings}
    return RANKERS.make({"rerank": settings}).open(known(), Context(tmp_path))


def expected(query, docs):
    return [np.nan if doc < 0 else score(query, TEXTS[doc]) for doc in docs]


def test_it_keeps_the_contract(arrays):
    check_ranker(f"rerank:{arrays.url}#m")


def test_scores_are_those_of_the_pairs(arrays, tmp_path):
    found = opened(arrays, tmp_path, batch_size=3, endpoint=f"{arrays.url}/rerank#m").score(QUERIES, ALL)
    assert found[0] == pytest.approx(expected("one", ALL[0])) and found.dtype == np.float32
    assert found[1] == pytest.approx(expected("two", ALL[1]), nan_ok=True)
    assert [(request["query"], len(request["documents"])) for request in arrays.requests] == [
        ("one", 3), ("one", 1), ("two", 3),
    ]  # fmt: skip
    assert {request["model"] for request in arrays.requests} == {"m"}


@pytest.mark.parametrize(("api", "path"), [("texts", "/v1/rerank"), ("score", "/v1/score")])
def test_the_way_to_ask_can_be_set(arrays, tmp_path, api, path):
    arrays.apis = {api}
    options = {"raw_scores": True}
    found = opened(arrays, tmp_path, api=api, options=options).score(QUERIES[:1], ALL[:1])
    assert found[0] == pytest.approx(expected("one", ALL[0]))
    assert [request["path"] for request in arrays.requests] == [path]
    assert arrays.requests[0]["raw_scores"] is True


def test_after_a_failure_nothing_that_was_answered_is_asked_again(arrays, tmp_path):
    arrays.change = lambda entries: entries if len(arrays.requests) != 2 else entries[:-1]
    with pytest.raises(DataError, match="about 2 texts, 3 were asked about; earlier answers are kept"):
        opened(arrays, tmp_path).score(QUERIES, ALL)
    found = opened(arrays, tmp_path).score(QUERIES, ALL)
    assert [request["query"] for request in arrays.requests] == ["one", "two", "two"]
    assert found[0] == pytest.approx(expected("one", ALL[0]))


def test_the_validator_asks_for_no_pair_that_the_ranker_has(arrays, tmp_path):
    opened(arrays, tmp_path).score(QUERIES, ALL)
    settings = {"endpoint": arrays.url, "retries": 0, "depth": 2, "margin": 0.5}
    validator = VALIDATORS.make({"rerank": settings})
    ranks = np.array([[1, 2, 3, 0]], np.int32)
    block = Candidates(QUERIES[:1], ALL[:1], ranks, {}, {}, "")
    evidence = validator.open(known(), {}, Context(tmp_path)).evidence(block)
    assert len(arrays.requests) == 2
    assert evidence[0] == pytest.approx([*expected("one", [0, 1]), np.nan, np.nan], nan_ok=True)
    positive = np.array([[score("one", TEXTS[0])]], np.float32)
    assert validator.suspects(evidence, positive).tolist() == [[True, False, False, False]]


def test_a_server_that_is_no_reranker_is_one_line(arrays, beir, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    arrays.apis = set()
    more = ("--recipe", "naive", "--ranker", "bm25", "--ranker", f"rerank:{arrays.url}", "--quiet")
    run("mine", beir, "--out", tmp_path / "run", *more, expect=2)
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and "HTTP 404: unknown (/rerank)" in printed and "(/score)" in printed


def test_mining_and_validating_with_it_work_from_end_to_end(arrays, beir, tmp_path, monkeypatch):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    more = ("--recipe", "naive", "--ranker", "bm25", "--ranker", f"rerank:{arrays.url}#m", "--quiet")
    also = ("--set", f"validation.validators=[rerank:{arrays.url}#m]")
    arrays.failures = [reply("busy", 503, Retry_After="0")]
    run("mine", beir, "--out", tmp_path / "run", *more, *also)
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["rankers"]["rerank"]["model"] == info["validation"]["validators"]["rerank"]["model"] == "m"
    queries = [request["query"] for request in arrays.requests]
    assert len(queries) == info["counts"]["queries"] + 1, "a request each, and one repeated"


def test_a_run_goes_on_with_another_budget(arrays, beir, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    more = ("--recipe", "naive", "--ranker", "bm25", "--ranker", f"rerank:{arrays.url}#m", "--quiet")
    most = ("--set", "rank.rankers.rerank.max_requests=1", "--set", "rank.rankers.rerank.concurrency=1")
    run("mine", beir, "--out", tmp_path / "run", *more, *most, expect=2)
    assert "max_requests is used up; all answers are kept" in capsys.readouterr().err
    run("mine", beir, "--out", tmp_path / "run", *more)
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["resumed"] and info["recipe"]["rank"]["rankers"][1]["rerank"]["max_requests"] is None
    assert len(arrays.requests) == info["counts"]["queries"], "no answer is paid for twice"


def test_a_run_is_not_resumed_with_another_model(arrays, beir, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    more = ("--recipe", "naive", "--ranker", "bm25", "--quiet", "--out", tmp_path / "run")
    run("mine", beir, *more, "--ranker", f"rerank:{arrays.url}#m")
    run("mine", beir, *more, "--ranker", f"rerank:{arrays.url}#n", expect=2)
    assert "differs in recipe (rank.rankers.rerank.endpoint" in capsys.readouterr().err
