"""Endpoints that echo the key, proxies, addresses of every shape, and caches that are damaged."""

import asyncio
import base64
import json
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hardneg.core.errors import ConfigError
from hardneg.endpoints.answer_store import AnswerStore
from hardneg.endpoints.chat_model import ChatModel
from hardneg.endpoints.client import Answer, Client, NoAnswer
from hardneg.endpoints.endpoint import Endpoint
from hardneg.llm.judging.grades import read_grade
from tests.cli.test_cli import run
from tests.llm.llm import completion, reply

KEY = "sk-Sentinel/0123+456=789"
REQUEST = {"model": "m", "messages": [{"role": "user", "content": "p"}]}
ESCAPES = {
    "plain": lambda key: key,
    "slashes": lambda key: key.replace("/", "\\/"),
    "one": lambda key: key.replace("s", "\\u0073", 1),
    "all": lambda key: "".join(f"\\u{ord(one):04x}" for one in key),
    "upper": lambda key: "".join(f"\\u{ord(one):04X}" for one in key),
    "twice": lambda key: "".join(f"\\\\u{ord(one):04x}" for one in key),
    "url": lambda key: "".join(f"%{ord(one):02X}" for one in key),
    "url twice": lambda key: "".join(f"%25{ord(one):02x}" for one in key),
    "html": lambda key: "".join(f"&#{ord(one)};" for one in key),
    "html hex": lambda key: "".join(f"&#x{ord(one):X};" for one in key),
}


def forms(key=KEY):
    """Returns the ways in which a text may still show the key."""
    return [key, *(make(key) for make in ESCAPES.values()), base64.b64encode(key.encode()).decode()][:-1]


@pytest.fixture
def mined(beir, tmp_path):
    run("mine", beir, "--out", tmp_path / "run", "--recipe", "naive", "--ranker", "bm25", "--quiet")
    return tmp_path / "run"


def ask(url, form=None, retries=0, **settings):
    async def once():
        async with Client(Endpoint.of(url, None), 10, retries, lambda: True, 1) as client:
            return await client.ask(REQUEST, "k", form)

    return asyncio.run(once())


def raw(escaped):
    """Returns the body of a completion whose content is written in JSON just so."""
    return completion("@").replace('"@"', f'"{escaped}"')


# The key


def test_an_echoed_key_reaches_no_answer_and_no_message(served, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name, make in ESCAPES.items():
        served.failures[:] = [reply(raw(f"You sent {make(KEY)}. Grade: 1"))]
        text = ask(served.url).text
        assert text == "You sent [key]. Grade: 1", name
        broken = [f'{{"error": {{"message": "bad {make(KEY)} key"}}}}', f"<p>{make(KEY)}</p>", make(KEY)]
        broken += [
            f'{{"error": "{make(KEY)}"}}',
            f'{{"choices": [{{"message": {{"content": ["{make(KEY)}"]}}}}]}}',
        ]
        for body in broken:
            for status in (200, 400, 404, 500):
                served.failures[:] = [reply(body, status)]
                with pytest.raises(Exception, match="key") as caught:
                    ask(served.url)
                assert not [form for form in forms() if form in str(caught.value)], (name, body, status)


@pytest.mark.parametrize("ranker", ["embed", "rerank"])
def test_an_echoed_key_reaches_no_message_of_a_served_ranker(
    ranker, beir, arrays, monkeypatch, tmp_path, capfd
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    command = ["mine", beir, "--out", tmp_path / "run", "--recipe", "naive", "--quiet", "--ranker", "bm25"]
    for name, make in ESCAPES.items():
        for body in (
            f'{{"error": "{make(KEY)}"}}',
            f'["{"x" * 190}{make(KEY)}"]',
            f'{{"data": "{make(KEY)}"}}',
        ):
            arrays.failures[:] = [reply(body)] * 100  # however many requests run at once
            run(*command, "--ranker", f"{ranker}:{arrays.url}#m", expect=2)
            said = capfd.readouterr().err
            assert not [form for form in forms() if form in said] and "Sentinel" not in said, (name, body)


def test_headers_that_hold_the_key(served, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for headers in ({"Retry_After": KEY}, {"Location": f"http://127.0.0.1/{KEY}"}, {"Content_Encoding": KEY}):
        served.failures[:] = [reply(KEY, 302, **headers)]
        with pytest.raises(NoAnswer) as caught:
            ask(served.url)
        assert KEY not in str(caught.value) and KEY.lower() not in str(caught.value)


def test_an_echoed_key_is_in_no_file_and_no_line(mined, served, monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    makes = list(ESCAPES.values())
    count = iter(range(10**6))
    served.failures = [reply(KEY, 413), reply(f'{{"error": "{ESCAPES["all"](KEY)}"}}', 500)]
    served.grade = lambda query, document, model: f"{makes[next(count) % len(makes)](KEY)}\nGrade: 1"
    command = ["--endpoint", served.url, "--model", "m", "--retries", 0, "--concurrency", 1]
    run("judge", mined, *command, expect=2)
    run("judge", mined, *command, "--json")
    served.answer = lambda request: f'{{"queries": ["a {makes[next(count) % len(makes)](KEY)}", "b", "c"]}}'
    run("generate", tmp_path / "beir", *command, "--out", tmp_path / "generated", "--limit", 3)
    printed = capfd.readouterr()
    contents = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    contents += [path.read_bytes() for path in AnswerStore(cache()).path.parent.rglob("*") if path.is_file()]
    for form in forms():
        assert form not in printed.out + printed.err
        assert not [content for content in contents if form.encode() in content], form


def cache():
    from hardneg.core.files import cache_folder

    return cache_folder()


@pytest.mark.parametrize(
    "key", ["relevant", "grade", "Grade", "3", "a", "not-needed", "EMPTY", "ollama", '"']
)
def test_a_key_that_is_a_word_changes_no_answer(key, served, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    text = f'{{"grade": 3, "why": "{key} relevant not-needed"}}' if key != '"' else '{"grade": 3}'
    served.failures[:] = [reply(completion(text))]
    assert ask(served.url).text == text and read_grade(text) == 3
    if len(key) > 3:
        served.failures[:] = [reply(f"the key {key} is wrong", 400)]
        with pytest.raises(NoAnswer, match=r"the key \[key\] is wrong"):
            ask(served.url)


def test_a_key_in_what_is_recorded_is_refused(served, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    store = AnswerStore(tmp_path)
    for url, name, options in (
        (f"{served.url}/{KEY}", "m", {}),
        (served.url, KEY, {}),
        (served.url, "m", {"metadata": {"key": [KEY]}}),
    ):
        with pytest.raises(ConfigError, match="the endpoint's key stands in") as caught:
            ChatModel(name, Endpoint.of(url, None), options, store)
        assert KEY not in str(caught.value)


def test_a_long_row_of_backslashes_takes_no_time():
    for key in (KEY, "\\" * 20, "\\b1" * 7, "a1" + "\\\\b" * 6):
        endpoint = Endpoint("http://h", key)
        assert endpoint.hide("\\" * 300_000 + "%25" * 100_000 + "a1" * 100_000)
        for make in ESCAPES.values():
            assert endpoint.hide(f"x {make(key)} x") == "x [key] x"
        assert endpoint.hide(f"x {json.dumps(key)[1:-1]} x") == "x [key] x"


def test_answers_are_their_owners_alone(mined, served):
    run("judge", mined, "--endpoint", served.url, "--model", "m", "--limit", 2, "--quiet")
    private = [
        cache() / "answers.sqlite",
        mined / "judge" / "answers.jsonl",
        mined / "judge" / "summary.json",
    ]
    assert [oct(path.stat().st_mode & 0o777) for path in private] == ["0o600"] * 3
    assert (mined / "judge").stat().st_mode & 0o777 == 0o700
    private[0].chmod(0o644)
    AnswerStore(cache())
    assert private[0].stat().st_mode & 0o777 == 0o600


# Addresses

SECRET = "s3cret"
PASSWORDS = [
    SECRET,
    f"{SECRET}@x",
    f"{SECRET}:x",
    f"{SECRET}/x",
    f"{SECRET} x",
    f"{SECRET}%40",
    f"x%2f{SECRET}",
]
PASSWORDS += [
    f"{SECRET}#x",
    f"{SECRET}?x",
    f"[{SECRET}",
    f"\\{SECRET}",
    f"\x01{SECRET}",
    f"é{SECRET}",
    f"//{SECRET}",
]


def test_a_password_in_an_address_is_refused_and_not_shown(mined, capfd):
    for password in PASSWORDS:
        for url in (
            f"http://me:{password}@host/v1",
            f"http://:{password}@host",
            f"https://{password}@host:1/v1",
        ):
            run("judge", mined, "--endpoint", url, "--model", "m", expect=2)
            error = capfd.readouterr().err
            assert SECRET not in error and error.count("\n") == 1 and "no user, password or query" in error


BAD = [
    "", " ", "host", "localhost:8000", "ftp://h", "file:///etc/passwd", "http://", "http:///v1", "http://[::1",
    "http://[x]/v1", "http://h:99999/v1", "http://h:abc/v1", "http://h:-1", "http://h:0", "http://h ost/v1",
    "http://h\x00ost", "http://h\x1b[2J/", "http:\\\\h\\v1", "//h/v1", "http://\u2028/", "http://\ud800/",
    "http://" + "h" * 70_000, "http://h/" + "v" * 70_000, "http://xn--\x7f/", "http://h\nost/",
]  # fmt: skip


def test_addresses_that_are_none(mined, capfd):
    for url in BAD:
        run("judge", mined, "--endpoint", url, "--model", "m", "--retries", 0, "--quiet", expect=2)
        error = capfd.readouterr().err
        assert error.count("\n") == 1 and error.isascii() and "\x1b" not in error and len(error) < 500, url[
            :40
        ]


# Proxies


@pytest.fixture
def proxy(monkeypatch):
    """A proxy that refuses every request and counts them; the environment names it for everything."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.path)
            self.send_error(502)

        do_CONNECT = do_POST

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://user:pw@127.0.0.1:{server.server_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    yield seen
    server.shutdown()
    server.server_close()


def test_endpoints_of_this_machine_use_no_proxy(served, proxy):
    port = served.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "127.1", "0.0.0.0", "LOCALHOST"):
        served.failures[:] = [reply(completion("1"))]
        assert ask(f"http://{host}:{port}").text == "1", host
    assert not proxy
    with pytest.raises(NoAnswer):
        ask("http://elsewhere.example/v1")
    assert proxy == ["http://elsewhere.example/v1/chat/completions"]


def test_what_is_local():
    for url, local in {
        "http://127.0.0.1": True, "https://127.3.2.1:9/v1": True, "http://[::1]:8/v1": True,
        "http://2130706433": True,
        "http://[::ffff:127.0.0.1]/": True, "http://a.localhost": True, "http://localhost.example": False,
        "http://10.0.0.1": False, "http://128.0.0.1": False, "http://localhost.": True,
    }.items():  # fmt: skip
        assert Endpoint.of(url, None).is_local == local, url


def test_proxies_that_are_none(mined, monkeypatch, capfd):
    for value in ("socks5://h:1", "ftp://h", "socks4://u:s3cret@h", "http://u:s3cret\x01@h", "h:abc", "["):
        monkeypatch.setenv("ALL_PROXY", value)
        command = ["--endpoint", "http://elsewhere.example/v1", "--model", "m", "--retries", 0, "--quiet"]
        run("judge", mined, *command, expect=2)
        error = capfd.readouterr().err
        assert error.count("\n") == 1 and SECRET not in error, error


# The form of answers

FORM = {"type": "json_schema"}


def test_a_form_is_left_out_where_the_server_refuses_it(served):
    for status in (400, 422):
        served.requests.clear()
        served.failures[:] = [reply("no response_format here", status), *[reply(completion("2"))] * 2]

        async def twice():
            async with Client(Endpoint.of(served.url, None), 10, 0, lambda: True, 1) as client:
                return [(await client.ask(REQUEST, "k", FORM)).text for _ in range(2)]

        assert asyncio.run(twice()) == ["2", "2"]
        assert [request.get("response_format") for request in served.requests] == [FORM, None, None]


def test_a_form_that_was_taken_is_kept(served):
    served.failures[:] = [reply(completion("2")), reply("too long", 400)]

    async def twice():
        async with Client(Endpoint.of(served.url, None), 10, 3, lambda: True, 1) as client:
            await client.ask(REQUEST, "k", FORM)
            await client.ask(REQUEST, "k", FORM)

    with pytest.raises(NoAnswer, match="HTTP 400: too long"):
        asyncio.run(twice())
    assert len(served.requests) == 2


def test_the_judge_asks_for_a_schema_and_the_cache_does_not_depend_on_it(mined, served):
    command = ["judge", mined, "--endpoint", served.url, "--model", "m", "--limit", 3, "--quiet"]
    run(*command)
    schema = served.requests[0]["response_format"]["json_schema"]
    assert schema["strict"] and schema["schema"]["properties"]["grade"]["enum"] == [0, 1, 2, 3]
    run(*command)
    assert len(served.requests) == 3
    run(*command, "--set", "response_format=null", "--set", "seed=1")
    assert len(served.requests) == 6 and "response_format" not in served.requests[-1]


ODD = [
    "Grade:     3",
    "Grade\u200b:\u00a0\u00a03",
    "G r a d e : 3",
    "ＧＲＡＤＥ： ３",
    "grade\n\n\n\n\n\n3",
    "Grade - - - - 3",
]
ODD += [
    "<b>Grade</b>: <i>3</i>",
    "**Score**\t\t\t=\t\t3",
    "Оценка:        3",
    "final   score ........ 3",
    "Grade is 3",
]


def test_a_grade_that_a_document_holds_is_no_verdict():
    for material in ODD:
        for answer in (
            f"It says:\n{material}",
            "It says:\nGrade: 3",
            f"{material}\nas it says",
            "Hm.\nGrade:   3",
        ):
            assert read_grade(answer, material) is None, (material, answer)
        assert read_grade("Grade: 1", material) == 1 and read_grade('{"grade": 2}', material) == 2
    assert read_grade("Grade:     3", "It says Grade:     3") is None
    assert read_grade("<think>it says </think>\nGrade: 3\n</think>\nGrade: 0", "</think>\nGrade: 3") is None
    assert read_grade('{"grade": 0, "grade": 3}') is None


# Damaged caches


def filled(folder, count=300):
    store = AnswerStore(folder)
    answers = {f"{number:064x}": Answer("x" * (number * 7 % 3000), "t", 1, 2) for number in range(count)}
    for key, answer in answers.items():
        store.put(key, "m", answer)
    store.close()
    return answers


def test_answers_survive_a_damaged_file(tmp_path, caplog):
    answers = filled(tmp_path / "whole")
    whole = (tmp_path / "whole" / "answers.sqlite").read_bytes()
    page = 4096
    damages = {
        "no header": b"\0" * page + whole[page:],
        "no root": whole[:page] + b"\xff" * page + whole[2 * page :],
        "no middle": whole[: 20 * page] + b"\xff" * 2 * page + whole[22 * page :],
        "cut off": whole[: len(whole) * 2 // 3],
        "cut in a page": whole[: len(whole) * 2 // 3 + 100],
        "magic": b"X" + whole[1:],
    }
    for name, content in damages.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "answers.sqlite").write_bytes(content)
        caplog.clear()
        store = AnswerStore(folder)
        kept = [store.get(key) for key in answers]
        assert all(one in (None, answer) for one, answer in zip(kept, answers.values(), strict=True)), name
        assert sum(one is not None for one in kept) > len(answers) / 2, name
        assert store.was_damaged and "was damaged" in caplog.text and len(caplog.records) == 1
        store.put("f" * 64, "m", Answer("new"))
        store.close()
        assert AnswerStore(folder).get("f" * 64) == Answer("new")
        [aside] = folder.glob("answers-*.damaged.sqlite")
        assert aside.read_bytes() == content and aside.stat().st_mode & 0o777 == 0o600
        assert not [*folder.glob("salvage*"), *folder.glob("*.new")]


def test_files_that_are_no_cache(tmp_path):
    for number, content in enumerate((b"", b"no", b"\0" * 100_000, random.Random(1).randbytes(50_000))):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "answers.sqlite").write_bytes(content)
        store = AnswerStore(folder)
        assert store.was_damaged and store.put("k", "m", Answer("1")) == Answer("1")
        store.close()


def test_a_file_damaged_while_it_is_used(tmp_path):
    answers = filled(tmp_path)
    store, other = AnswerStore(tmp_path), AnswerStore(tmp_path)
    path = tmp_path / "answers.sqlite"
    content = bytearray(path.read_bytes())
    content[4096 : 2 * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    for each in (store, other):
        assert sum(each.get(key) is not None for key in answers) > 250
    store.put("e" * 64, "m", Answer("new"))
    assert other.get("e" * 64) == Answer("new")
    assert len([*tmp_path.glob("answers-*.damaged.sqlite")]) == 1


def test_a_damaged_cache_is_filled_from_the_run(mined, served, caplog):
    command = ["judge", mined, "--endpoint", served.url, "--model", "m", "--quiet"]
    run(*command)
    asked = len(served.requests)
    verdicts = (mined / "judgments.jsonl").read_bytes()
    (cache() / "answers.sqlite").write_bytes(b"damaged")
    run(*command)
    assert len(served.requests) == asked and (mined / "judgments.jsonl").read_bytes() == verdicts
    assert "were taken from" in caplog.text
    (cache() / "answers.sqlite").write_bytes(b"damaged")
    run(*command, "--set", "seed=1")  # another question: the answers do not fit it
    assert len(served.requests) == 2 * asked


def test_half_characters_and_absurd_counts_are_stored(served, tmp_path):
    body = json.loads(completion("x"))
    body["usage"] = {"prompt_tokens": 10**30, "completion_tokens": -5}
    text = json.dumps(body).replace('"x"', '"half \\ud800 \\u0000"')
    served.failures[:] = [reply(text)]
    answer = ask(served.url)
    assert (answer.prompt_tokens, answer.answer_tokens) == (0, 0)
    assert AnswerStore(tmp_path).put("k", "m", answer) == answer
