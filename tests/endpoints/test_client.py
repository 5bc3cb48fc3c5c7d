"""An endpoint that misbehaves in every way costs time, never a wrong verdict."""

import asyncio
import time

import pytest

from hardneg.core.errors import ConfigError, DataError
from hardneg.endpoints import client as module
from hardneg.endpoints.client import Client, NoAnswer
from hardneg.endpoints.endpoint import Endpoint
from tests.llm.llm import completion, cut, drip, half, reply, silent

KEY = "sk-secret-123"
REQUEST = {"model": "m", "messages": [{"role": "user", "content": "p"}]}


@pytest.fixture
def ask(served, monkeypatch):
    """Returns a function that sends one request and gives the answer's text."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    served.failures.append(reply(completion("Grade: 2")))

    def call(*failures, timeout=10.0, retries=3, may_retry=lambda: True):
        served.failures[:0] = failures

        async def once():
            async with Client(Endpoint.of(served.url, None), timeout, retries, may_retry, 4) as client:
                return await client.ask(REQUEST, "k")

        return asyncio.run(once()).text

    return call


@pytest.mark.parametrize(
    "failure",
    [
        reply("{}", 500), reply("busy", 503), reply("slow down", 429), reply("", 529), half, cut,
        reply("<html>hello</html>"), reply("{}"), reply('{"choices": []}'), reply("[1]"), reply(""),
        reply(completion("Grade: 3")[:-30]), reply('{"choices": [{"message": {"content": 7}}]}'),
    ],
)  # fmt: skip
def test_what_may_pass_is_asked_again(ask, served, failure):
    assert ask(failure, failure) == "Grade: 2"
    assert len(served.requests) == 3


@pytest.mark.parametrize("failure", [silent, drip])
def test_a_request_ends_when_its_time_is_up_whatever_trickles_in(ask, failure):
    begin = time.monotonic()
    assert ask(failure, timeout=0.5) == "Grade: 2"
    assert time.monotonic() - begin < 2


def test_a_request_that_always_fails_is_given_up(ask, served):
    with pytest.raises(NoAnswer, match="HTTP 500: broken"):
        ask(*[reply('{"error": {"message": "broken"}}', 500)] * 4)
    assert len(served.requests) == 4


def test_no_request_is_repeated_without_budget(ask, served):
    with pytest.raises(NoAnswer, match="HTTP 500"):
        ask(reply("", 500), may_retry=lambda: False)
    assert len(served.requests) == 1


def test_retry_after_is_waited_for(ask, served):
    assert ask(reply("", 429, Retry_After="1")) == "Grade: 2"
    assert served.times[1] - served.times[0] >= 1


def test_retry_after_holds_back_other_requests_too(served, monkeypatch):
    monkeypatch.setattr(module, "backoff", lambda attempt, key: 0.0)
    served.failures += [reply("", 429, Retry_After="1"), *[reply(completion("1"))] * 2]

    async def three():
        async with Client(Endpoint.of(served.url, None), 9, 3, lambda: True, 4) as client:
            first = asyncio.create_task(client.ask(REQUEST, "a"))
            await asyncio.sleep(0.3)
            await asyncio.gather(first, client.ask(REQUEST, "b"))

    asyncio.run(three())
    assert all(later - served.times[0] >= 1 for later in served.times[1:])


def test_who_asks_to_wait_for_long_is_left_alone(ask):
    with pytest.raises(DataError, match="asks to wait 3,600 seconds"):
        ask(reply("", 429, Retry_After="3600"))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_ends_all_at_once(ask, served, status):
    with pytest.raises(DataError, match=f"HTTP {status}"):
        ask(reply(f"no such thing as {KEY}", status))
    assert len(served.requests) == 1


@pytest.mark.parametrize("status", [400, 413, 302])
def test_a_request_that_is_refused_is_not_repeated(ask, served, status):
    with pytest.raises(NoAnswer, match=f"HTTP {status}: too long"):
        ask(reply("too\nlong", status, Location="http://127.0.0.1:9/"))
    assert len(served.requests) == 1


def test_an_endless_answer_is_cut_off(ask, monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_BODY", 1000)
    assert ask(reply("x" * 5000)) == "Grade: 2"


def test_a_refusal_without_words_is_an_empty_answer(ask):
    assert ask(reply('{"choices": [{"message": {"content": null}}], "usage": null}')) == ""


def test_the_key_is_sent_and_told_to_nobody(ask, served):
    assert ask() == "Grade: 2"
    assert served.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert served.requests[0]["path"] == "/v1/chat/completions"
    with pytest.raises(NoAnswer) as caught:
        ask(*[reply(f'{{"error": {{"message": "bad {KEY}"}}}}', 400)])
    assert KEY not in str(caught.value) and "bad [key]" in str(caught.value)
    assert KEY not in repr(Endpoint.of(served.url, None))


def test_no_key_no_header(served):
    served.failures.append(reply(completion("1")))

    async def once():
        async with Client(Endpoint.of(served.url, None), 9, 0, lambda: True, 1) as client:
            await client.ask(REQUEST, "k")

    asyncio.run(once())
    assert "Authorization" not in served.headers[0]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:8000", "is no URL"),
        ("ftp://host/v1", "is no URL"),
        ("http://user:pass@host/v1", "no user, password or query"),
        ("http://host/v1?api-key=s3cret", "no user, password or query"),
    ],
)
def test_an_endpoint_is_a_url_without_secrets(url, message):
    with pytest.raises(ConfigError, match=message) as caught:
        Endpoint.of(url, None)
    assert "pass@" not in str(caught.value) and "s3cret" not in str(caught.value)


def test_the_path_of_chat_completions_may_be_given_or_not():
    for url in ("http://host/v1", "http://host/v1/", "http://host/v1/chat/completions"):
        assert Endpoint.of(url, None).url == "http://host/v1"


def test_a_key_comes_from_the_named_variable_and_must_be_one(monkeypatch):
    monkeypatch.setenv("MINE", " k1\n")
    assert Endpoint.of("http://host", "MINE").key == "k1"
    with pytest.raises(ConfigError, match="NONE is not set"):
        Endpoint.of("http://host", "NONE")
    monkeypatch.setenv("MINE", "k1\nInjected: header")
    with pytest.raises(ConfigError, match="the key in MINE holds") as caught:
        Endpoint.of("http://host", "MINE")
    assert "k1" not in str(caught.value)
