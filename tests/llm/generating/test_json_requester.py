"""Answers are read strictly, asked for once more, kept, and paid for within limits."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardneg.core.errors import DataError
from hardneg.llm.generating.job import read_texts
from tests.llm.generating.conftest import echo, lines
from tests.llm.llm import completion, cut, reply, silent

GOOD = '{"queries": ["one", " two "]}'
BROKEN = reply("", 500)


@pytest.mark.parametrize(
    "text", [GOOD, f"```json\n{GOOD}\n```", f"<think>{{}}</think>\n{GOOD}", f"\n {GOOD} \n"]
)
def test_the_object_that_was_asked_for_is_read(text):
    assert read_texts(text, "queries", 2) == ["one", "two"]


@pytest.mark.parametrize(
    "text",
    [
        "", "one\ntwo", f"Here it is: {GOOD}", GOOD[:-1], f"<think>{GOOD}", '["one", "two"]', "null",
        '{"queries": ["one"]}', '{"queries": ["one", "two", "three"]}', '{"queries": ["one", " "]}',
        '{"queries": ["one", 2]}', '{"queries": "one"}', '{"negatives": ["one", "two"]}', "[" * 100_000,
        '{"queries": ["one", "two"], "note": ""}', f"{GOOD}\n{GOOD}",
    ],
)  # fmt: skip
def test_anything_else_is_not(text):
    assert read_texts(text, "queries", 2) is None


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_whatever_is_read_can_be_written(texts):
    found = read_texts(json.dumps({"queries": texts}), "queries", len(texts))
    assert (found is None) == any(not text.strip() for text in texts)
    json.dumps(found, ensure_ascii=False).encode()


def once_wrong(request):
    return echo(request) if len(request["messages"]) == 3 else "I would rather not."


def test_an_answer_that_cannot_be_read_is_asked_for_once_more(written, served):
    served.answer = once_wrong
    summary = written(limit=4)
    assert (summary["answered"], summary["asked_again"], summary["requests"]) == (4, 4, 8)
    second = next(request for request in served.requests if len(request["messages"]) == 3)
    assert second["messages"][1] == {"role": "assistant", "content": "I would rather not."}
    assert '"queries", a list of exactly 3 strings' in second["messages"][2]["content"]
    again = written(limit=4, max_requests=0)
    assert (again["answered"], again["cached"], again["requests"]) == (4, 4, 0)


def test_an_answer_that_is_never_readable_is_counted_and_kept_for_a_look(written, served, tmp_path):
    served.answer = lambda request: "No." * 1000
    summary = written(limit=4)
    assert (summary["unreadable"], summary["written"], summary["dropped"]) == (4, 0, {})
    assert len(served.requests) == 8
    assert all(
        len(each["messages"][1]["content"]) == 1000 for each in served.requests if each["messages"][1:]
    )
    rows = lines(tmp_path / "out" / "generated.jsonl")
    assert [row["dropped"] for row in rows] == ["unreadable"] * 4 and rows[0]["answer"] == "No." * 1000
    written(limit=4)
    assert len(served.requests) == 8


def test_what_fails_is_tried_again_and_then_told(written, served):
    served.failures += [reply("<html>"), cut, silent, reply(completion("{}")[:-9])]
    assert written(limit=4, timeout=0.5, concurrency=1)["repeated"] == 4
    served.failures += [BROKEN]
    summary = written(limit=6, retries=0)
    assert (summary["failed"], summary["answered"]) == (1, 5)
    assert summary["last_problem"].startswith("HTTP 500")
    assert written(limit=6)["requests"] == 1


def test_an_endpoint_that_is_down_is_told(written, served):
    served.failures += [BROKEN] * 99
    with pytest.raises(DataError, match="3 documents in a row failed, the last one: HTTP 500"):
        written(retries=0, concurrency=1)
    assert len(served.requests) == 3


def test_a_budget_of_requests_is_kept_and_the_same_call_goes_on(written, served, tmp_path):
    whole = written(out=tmp_path / "whole", cache=tmp_path / "elsewhere")
    expected = lines(tmp_path / "whole" / "generated.jsonl")
    served.requests.clear()
    summary = written(max_requests=10)
    assert summary["stopped"] == "max_requests" and 0 < summary["left"] < 22
    assert 8 <= len(served.requests) == summary["requests"] <= 10
    assert lines(tmp_path / "out" / "generated.jsonl") == expected[: 3 * summary["answered"]]
    rest = written()
    assert rest["requests"] == summary["left"] and rest["kept"] == whole["kept"]
    assert lines(tmp_path / "out" / "generated.jsonl") == expected


def test_a_budget_of_tokens_is_never_passed(written, served):
    served.answer = once_wrong
    summary = written(max_tokens=6000, options={"max_tokens": 50})
    assert 0 < summary["tokens"] <= 6000 and summary["answered"] > 0
    tight = written(max_tokens=100, seed=9)
    assert (tight["answered"], tight["requests"], tight["stopped"]) == (0, 0, "max_tokens")


def test_another_seed_or_option_is_another_question(written, served):
    written(limit=22)
    seeds = {request["seed"] for request in served.requests}
    assert len(seeds) == 22
    written(limit=22, seed=1)
    written(limit=22, options={"temperature": 0.2, "seed": None})
    assert len(served.requests) == 66
    assert served.requests[-1]["temperature"] == 0.2 and "seed" not in served.requests[-1]


def test_neither_speed_nor_concurrency_changes_a_byte(written, served, tmp_path):
    written(out=tmp_path / "one", concurrency=1, cache=tmp_path / "c1")
    served.delay = lambda document: 0.03 if "n1" in document else 0.0
    written(out=tmp_path / "six", concurrency=6, cache=tmp_path / "c6")
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/train.tsv", "generated.jsonl"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "six" / name).read_bytes()


def test_secrets_are_written_nowhere(written, served, monkeypatch, tmp_path):
    key = "sk-very-secret-9"
    monkeypatch.setenv("MY_KEY", key)
    served.answer = lambda request: json.dumps({"queries": [f"{key} {n}" for n in range(3)]})
    served.failures += [reply(f"{key} is slow", 400)]
    no_form = {"response_format": None}
    summary = written(key_env="MY_KEY", cache=tmp_path / "cache", round_trip=0, options=no_form)
    assert served.headers[0]["Authorization"].endswith(key) and summary["failed"] == 1
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "answers.sqlite" for path in files)
    assert not [path for path in files if key.encode() in path.read_bytes()]


def test_answers_are_asked_for_in_a_form(written, served):
    written(round_trip=0)
    form = served.requests[0]["response_format"]["json_schema"]
    assert (form["name"], form["schema"]["required"]) == ("queries", ["queries"])


def test_a_server_without_forms_is_asked_without_one(written, served):
    served.failures.append(reply("no such field", 400))
    summary = written(round_trip=0, concurrency=1)
    assert summary["failed"] == 0
    assert not any("response_format" in request for request in served.requests[1:])
