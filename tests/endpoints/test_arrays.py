"""Rows of numbers from a real server that misbehaves: one line, and nothing that was answered is lost."""

import json

import numpy as np
import pytest

from hardneg.core.errors import ConfigError, DataError
from hardneg.endpoints import arrays as module
from hardneg.endpoints.arrays import Form, ServedModel
from hardneg.endpoints.endpoint import Endpoint
from hardneg.endpoints.settings import ServedSettings
from tests.endpoints.arrays import score, vector
from tests.llm.llm import cut, half, reply, silent

FORMS = {
    "embeddings": Form("embeddings", lambda query, texts: {"input": texts}),
    "documents": Form("rerank", lambda query, texts: {"query": query, "documents": texts}),
    "texts": Form("rerank", lambda query, texts: {"query": query, "texts": texts}),
    "score": Form("score", lambda query, texts: {"text_1": query, "text_2": texts}),
}
TEXTS = ["a", "bb", "ab b"]


def rows(url, requests, forms=("embeddings",), **settings):
    """Returns what is passed on for (query, texts), and the message of the error, if there is one."""
    limits = ServedSettings(url, **{"retries": 2, "timeout": 1.0, "concurrency": 1, **settings})
    served = ServedModel("embed", Endpoint.of(url, None), limits, [FORMS[name] for name in forms])
    found = []
    try:
        served.rows(requests, lambda rows: found.append(rows.tolist()))
    except DataError as error:
        return found, str(error)
    return found, None


def test_vectors_are_those_of_their_texts_in_whatever_order_they_come(arrays):
    arrays.change = lambda entries: entries[::-1]
    found, problem = rows(arrays.url, [(None, TEXTS), (None, ["b"])])
    assert problem is None and found == [[vector(text) for text in TEXTS], [vector("b")]]


@pytest.mark.parametrize("api", ["documents", "texts", "score"])
def test_scores_are_asked_for_in_the_way_that_the_server_takes(arrays, api):
    arrays.apis = {api}
    requests = [("a b", TEXTS), ("b", ["b"])]
    found, problem = rows(arrays.url, requests, ("documents", "texts", "score"))
    expected = [[[score(query, text)] for text in texts] for query, texts in requests]
    assert problem is None and np.allclose(found[0], expected[0]) and np.allclose(found[1], expected[1])
    tries = {"documents": 1, "texts": 2, "score": 3}[api]
    assert len(arrays.requests) == tries + 1, "the way is looked for once"


def test_three_failures_in_a_row_name_the_endpoint(arrays):
    arrays.failures = [reply("boom", 500)] * 8
    _, problem = rows(arrays.url, [(None, [text]) for text in "abcdefgh"], retries=0)
    assert problem == (
        f"{arrays.url}: 3 requests in a row failed, the last one: HTTP 500: boom; "
        "earlier answers are kept, the same command resumes"
    )


def test_a_server_that_knows_no_reranking_is_one_line(arrays):
    arrays.apis = set()
    found, problem = rows(arrays.url, [("q", TEXTS)], ("documents", "score"))
    assert found == [] and problem == (
        f"{arrays.url}: HTTP 404: unknown (/rerank); HTTP 404: unknown (/score); "
        "are the URL and the model right?"
    )


BAD = {
    "fewer": (lambda entries: entries[:-1], "the answer is about 2 texts, 3 were asked about"),
    "more": (lambda entries: [*entries, entries[0]], "the answer is about 4 texts, 3 were asked about"),
    "twice": (lambda entries: [entries[0], *entries[:-1]], "indexes in the answer are not 0 to 2, each once"),
    "no index": (
        lambda entries: [{"embedding": entry["embedding"]} for entry in entries],
        "indexes in the answer are not 0 to 2",
    ),
    "NaN": (
        lambda entries: [*entries[:2], {"index": 2, "embedding": [1.0, float("nan"), 0.0]}],
        "NaN or infinity for the text 'ab b'",
    ),
    "too great": (
        lambda entries: [*entries[:2], {"index": 2, "embedding": [1.0, 1e300, 0.0]}],
        "NaN or infinity for the text 'ab b'",
    ),
    "null": (lambda entries: [*entries[:2], {"index": 2, "embedding": None}], "something else than numbers"),
    "texts": (
        lambda entries: [*entries[:2], {"index": 2, "embedding": ["1"]}],
        "something else than numbers",
    ),
    "shorter": (lambda entries: [*entries[:2], {"index": 2, "embedding": [1.0]}], "of different lengths"),
    "empty": (lambda entries: [*entries[:2], {"index": 2, "embedding": []}], "something else than numbers"),
    "many vectors": (
        lambda entries: [*entries[:2], {"index": 2, "embedding": [[1.0], [2.0]]}],
        "something else than numbers",
    ),
    "no list": (lambda entries: "vectors", "the answer is not what was asked for"),
    "no entries": (lambda entries: [1, 2, 3], "the answer is not what was asked for"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_answer_that_is_not_what_was_asked_for_is_one_line_at_once(arrays, name):
    change, message = BAD[name]
    before = rows(arrays.url, [(None, ["a"])])[0]
    arrays.change = lambda entries: change(entries) if len(entries) == 3 else entries
    found, problem = rows(arrays.url, [(None, ["a"]), (None, TEXTS), (None, ["b"])])
    assert found == before, "what was answered before is passed on, what comes after it is not"
    assert message in problem and "\n" not in problem and len(arrays.requests) == 1 + 3


FAILURES = {
    "429": reply("slow down", 429),
    "500": reply("oops", 500),
    "503": reply("busy", 503, Retry_After="0"),
    "hangs up": cut,
    "half": half,
    "no JSON": reply("<html>", 200),
    "slow": silent,
    "packed": reply("x", 200, Content_Encoding="br"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_may_pass_is_asked_again(arrays, name):
    arrays.failures = [FAILURES[name]]
    found, problem = rows(arrays.url, [(None, TEXTS)])
    assert problem is None and found == [[vector(text) for text in TEXTS]] and len(arrays.requests) == 2


def test_what_does_not_pass_is_one_line_after_the_repetitions(arrays):
    arrays.failures = [FAILURES["500"]] * 3
    found, problem = rows(arrays.url, [(None, TEXTS)])
    assert problem == f"{arrays.url}: HTTP 500: oops; earlier answers are kept" and found == []


@pytest.mark.parametrize(("status", "message"), [(401, "the key is missing"), (403, "may not do this")])
def test_a_key_that_is_refused_ends_all_at_once(arrays, status, message):
    arrays.failures = [reply("{}", status)] * 9
    found, problem = rows(arrays.url, [(None, ["a"])] * 5)
    assert message in problem and found == [] and len(arrays.requests) == 1


def test_an_answer_without_an_end_is_not_read_to_it(arrays, monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_ANSWER", 1_000)
    arrays.vectors = lambda text: [0.5] * 1_000
    _, problem = rows(arrays.url, [(None, ["a"])])
    assert "the answer is longer than 1,000 bytes" in problem


def test_a_budget_ends_all_calls_together(arrays):
    limits = ServedSettings(arrays.url, max_requests=2, concurrency=1)
    served = ServedModel("embed", Endpoint.of(arrays.url, None), limits, [FORMS["embeddings"]])
    found = []
    served.rows([(None, ["a"])], found.append)
    with pytest.raises(DataError, match="^embed: max_requests is used up; all answers are kept"):
        served.rows([(None, ["b"]), (None, ["ab"])], found.append)
    assert [rows.tolist() for rows in found] == [[vector("a")], [vector("b")]]
    assert len(arrays.requests) == 2


def test_tokens_are_those_that_the_server_counts(arrays):
    found, problem = rows(arrays.url, [(None, ["a"])] * 3, max_tokens=14)
    assert len(found) == 2 and "max_tokens is used up" in problem


def test_the_model_stands_behind_the_url():
    assert ServedSettings("http://h:8/v1#owner/m").served([]) == (Endpoint("http://h:8/v1", ""), "owner/m")
    assert ServedSettings("http://h/embeddings/").served(["/embeddings"])[0].url == "http://h"
    assert ServedSettings("http://h", model="m").served([])[1] == "m"
    for endpoint, model in (
        ("http://h#", None),
        ("http://h#m", "n"),
        ("h#m", None),
        ("http://u:p@h#m", None),
    ):
        with pytest.raises(ConfigError):
            ServedSettings(endpoint, model=model).served([])


def test_the_key_is_sent_and_may_not_be_recorded(arrays, monkeypatch):
    monkeypatch.setenv("OUR_KEY", "sk-secret-0123456789")
    settings = ServedSettings(arrays.url, key_env="OUR_KEY")
    endpoint, _ = settings.served([])
    ServedModel("embed", endpoint, settings, [FORMS["embeddings"]]).rows([(None, ["a"])], lambda rows: None)
    assert arrays.headers[0]["Authorization"] == "Bearer sk-secret-0123456789"
    assert "sk-secret" not in json.dumps(arrays.requests)
    with pytest.raises(ConfigError, match="leave it in the environment alone"):
        ServedSettings(f"{arrays.url}#sk-secret-0123456789", key_env="OUR_KEY").served([])
