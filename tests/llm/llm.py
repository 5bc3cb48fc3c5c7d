"""A language model made of a Python function, behind a real HTTP server that can misbehave."""

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_DOCUMENT = re.compile(r"<document (\w+)>\n(.*)\n</document \1>", re.DOTALL)
_QUERY = re.compile(r"<query (\w+)>\n(.*)\n</query \1>", re.DOTALL)


class FakeLLM:
    """What the server is asked, and how it behaves.

    Attributes:
        grade: (query, document, model) -> the answer's text, where a pair is asked about.
        answer: The whole request -> the answer's text, in place of `grade`.
        failures: Taken from the front, one a request: functions of the handler that reply in its place.
        delay: Seconds before each answer, or a function of the document that gives them.
        usage: Whether the answers count tokens: 10 for the prompt, 2 for the answer.
    """

    def __init__(self) -> None:
        self.grade: Callable[[str, str, str], str] = lambda query, document, model: "Grade: 1"
        self.answer: Callable[[dict], str] = self._graded
        self.failures: list[Callable[[BaseHTTPRequestHandler], None]] = []
        self.delay = 0.0
        self.usage = True
        self.requests: list[dict] = []
        self.headers: list[dict] = []
        self.times: list[float] = []
        self.most_at_once = 0
        self._lock = threading.Lock()
        self._at_once = 0

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self._lock:
            self.requests.append({"path": handler.path, **request})
            self.headers.append(dict(handler.headers))
            self.times.append(time.monotonic())
            failure = self.failures.pop(0) if self.failures else None
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if failure:
                failure(handler)
            else:
                self._answer(handler, request)
        finally:
            with self._lock:
                self._at_once -= 1

    def _answer(self, handler, request):
        document = _DOCUMENT.search(request["messages"][0]["content"])
        time.sleep(self.delay(document[2]) if callable(self.delay) else self.delay)
        reply(completion(self.answer(request), self.usage))(handler)

    def _graded(self, request):
        prompt = request["messages"][0]["content"]
        return self.grade(_QUERY.search(prompt)[2], _DOCUMENT.search(prompt)[2], request["model"])


def completion(text, usage=True):
    """Returns the body of a chat completion."""
    counts = {"usage": {"prompt_tokens": 10, "completion_tokens": 2}} if usage else {}
    message = {"role": "assistant", "content": text}
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], **counts})


def reply(body, status=200, **headers):
    """Returns a behaviour: a whole response."""

    def behave(handler):
        data = body.encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return behave


def half(handler):
    """Announces more than it sends, and hangs up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(completion("Grade: 3").encode()[:60])
    handler.close_connection = True


def cut(handler):
    """Hangs up without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def silent(handler):
    """Says nothing for three seconds."""
    time.sleep(3)


def drip(handler):
    """Sends one byte every fifth of a second, for three seconds."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(15):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.2)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Prints nothing where a client hangs up, which may be before its request is read."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving(kind=FakeLLM):
    """Yields (a FakeLLM or another kind of it, the base URL at which it is served)."""
    llm = kind()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):  # noqa: N802
            try:
                llm.serve(self)
            except OSError:
                self.close_connection = True  # the client went away

        def log_message(self, *_):
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield llm, f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()
