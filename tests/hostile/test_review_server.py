"""Requests to the review that no browser sends: the right status, no traceback, and the server goes on."""

import json
import socket

import pytest

from hardneg.core import verdicts
from tests.review.conftest import run, server  # noqa: F401
from tests.review.test_server import ask, judgment


def exchange(server, *lines, body=b"", hang_up=False):  # noqa: F811
    """Sends lines of a request and returns what comes back, up to the end of the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        if hang_up:
            return b""
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def status(answer):
    return int(answer.split(b" ", 2)[1])


def head(server, method="POST", path="judge", *more):  # noqa: F811
    lines = [f"{method} /{server.token}/{path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
    return [
        *lines, f"Origin: http://127.0.0.1:{server.port}", "Content-Type: application/json",
        "Connection: close", *more,
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def alive_and_silent(server, capfd, caplog):  # noqa: F811
    """After each test the server answers as before, and has said nothing."""
    yield
    answer, content = ask(server, "state?judge=anna")
    assert answer.status == 200 and json.loads(content)["judged"] == 0
    printed = capfd.readouterr()
    assert "Traceback" not in printed.out + printed.err and not caplog.records


LENGTHS = {
    "-1": 400, "+5": 400, "abc": 400, "1.5": 400, "0x10": 400, "5,5": 400, "²": 400, "1e3": 400, "": 400,
    "99999999": 413, "9" * 30: 413, "9" * 5000: 413, "0" * 5000: 400, "0": 400,
}  # fmt: skip


def test_lengths_that_no_body_has(server):  # noqa: F811
    for length, expected in LENGTHS.items():
        answer = exchange(server, *head(server, "POST", "judge", f"Content-Length: {length}"), body=b"{}")
        assert status(answer) == expected, length[:9]


def test_a_body_without_one_length(server):  # noqa: F811
    for more, expected in (
        ([], 411),
        (["Transfer-Encoding: chunked"], 411),
        (["Transfer-Encoding: chunked", "Content-Length: 2"], 411),
        (["Content-Length: 2", "Content-Length: 3"], 400),
    ):
        assert status(exchange(server, *head(server, "POST", "judge", *more), body=b"{}")) == expected


BODIES = {
    "surrogate": (b'{"judge": "\\ud800"}', 422),
    "control": (b'{"judge": "\\u001b[2J"}', 422),
    "newline": (b'{"judge": "a\\nb"}', 422),
    "utf-16": ("{}".encode("utf-16"), 422),
    "bytes": (b"\xff\xfe\xfd", 400),
    "deep": (b"[" * 16000, 400),
    "long number": (b'{"judge": ' + b"9" * 5000 + b"}", 400),
    "nan": (b'{"judge": NaN}', 422),
}


def test_bodies_that_are_no_judgment(server):  # noqa: F811
    for name, (body, expected) in BODIES.items():
        if body.startswith(b'{"judge": "'):
            pair = json.loads(judgment(server))
            del pair["judge"]
            body = json.dumps(pair).encode()[:-1] + b", " + body[1:]
        answer, _ = ask(server, "judge", "POST", body)
        assert answer.status == expected and not server.session.path.exists(), name


def test_a_body_that_ends_early_is_no_judgment(server):  # noqa: F811
    body = judgment(server).encode()
    for cut in (0, 1, len(body) - 1, len(body)):  # the last is whole, and announced as longer
        lines = head(server, "POST", "judge", f"Content-Length: {len(body) + 1}")
        assert exchange(server, *lines, body=body[:cut]) == b""
        exchange(server, *lines, body=body[:cut], hang_up=True)
    assert not server.session.path.exists()


def test_a_browser_that_goes_away_before_the_answer(server):  # noqa: F811
    import struct

    for path in ("", "state?judge=a"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall("\r\n".join([*head(server, "GET", path), "", ""]).encode())


def test_head_is_get_without_the_body(server):  # noqa: F811
    got, content = ask(server, "")
    answer, empty = ask(server, "", "HEAD", Origin=None)
    assert (answer.status, empty) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["Content-Security-Policy"] == got.headers["Content-Security-Policy"]
    assert ask(server, "none", "HEAD")[0].status == 404


def test_other_methods(server):  # noqa: F811
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FOO", "get"):
        answer = exchange(server, *head(server, method, ""))
        assert status(answer) == 405 and b"Allow: GET, HEAD, POST" in answer


def test_lines_that_begin_no_request(server):  # noqa: F811
    for line, expected in (
        ("GET http://[::1 HTTP/1.1", 400),
        ("GET //[x HTTP/1.1", 404),
        ("GET / HTTP/9.9", 505),
        ("GET / HTTP/x", 400),
        ("GET", 400),
        ("\x00\xff\x01", 400),
        ("GET /" + "a" * 70_000 + " HTTP/1.1", 414),
    ):
        answer = exchange(server, line, f"Host: 127.0.0.1:{server.port}", "Connection: close")
        assert status(answer) == expected


def test_huge_headers(server):  # noqa: F811
    for more in (["X: " + "a" * 70_000], [f"X-{n}: 1" for n in range(200)]):
        assert status(exchange(server, *head(server, "GET", "", *more))) == 431


def test_a_name_with_half_a_character_in_the_file_of_judgments(server):  # noqa: F811
    item = server.session._queue.items[0]
    row = {"query_id": item.query_id, "doc_id": item.doc_id, "verdict": "relevant", "judge": "\ud800"}
    server.session.path.write_text(json.dumps(row) + "\n")
    assert verdicts.read(server.session.path)
    answer, content = ask(server, "state?judge=anna")
    assert answer.status == 200 and json.loads(content)["judges"] == {"\ud800": 1}
