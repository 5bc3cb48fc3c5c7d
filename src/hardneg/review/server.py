"""The web server of a review: on this machine only, under an address with a secret token."""

from __future__ import annotations

import hmac
import importlib.resources
import json
import logging
import secrets
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hardneg.core.display import message
from hardneg.core.errors import ConfigError, HardnegError
from hardneg.core.records import Collection
from hardneg.report.i18n import Locale
from hardneg.report.page import embedded, environment, policy, read
from hardneg.review.queue import COUNT, Queue
from hardneg.review.session import Session

_HOST = "127.0.0.1"
_BODY = 16_384
_METHODS = ("GET", "HEAD", "POST")
_LOG = logging.getLogger(__name__)


class ReviewServer(ThreadingHTTPServer):
    """Serves the page of one review.

    Args:
        session: What the page begins with.
        tabs: All that the page can show, by name, that of `session` first; others are made when first shown.
        locale: The page's language.
        judge: Default name of the judge.
        port: Port to listen on.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        session: Session,
        tabs: Mapping[str, Callable[[], Session]],
        locale: Locale,
        judge: str,
        port: int,
    ) -> None:
        super().__init__((_HOST, port), _Handler)
        self.session, self._tabs = session, tabs
        self._opened = {next(iter(tabs)): session}
        self._opening = threading.Lock()
        self.token = secrets.token_urlsafe(16)
        html, self.policy = page(locale, judge, list(tabs))
        self.page = html.encode()

    def session_of(self, tab: str) -> Session | None:
        """Returns the session of a tab, for an empty name of the first; None if there is no such tab."""
        if not tab:
            return self.session
        with self._opening:
            if tab in self._tabs and tab not in self._opened:
                self._opened[tab] = self._tabs[tab]()
            return self._opened.get(tab)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says in one line what ended a connection, unless the browser went away."""
        error = sys.exception()
        if not isinstance(error, OSError):
            _LOG.warning("a request failed: %s", message(f"{type(error).__name__}: {error}"))

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """The address of the page; whoever has it can judge."""
        return f"http://{_HOST}:{self.port}/{self.token}/"

    @property
    def hosts(self) -> tuple[str, str]:
        """The host names that requests may have; others are refused."""
        return f"{_HOST}:{self.port}", f"localhost:{self.port}"


def open_server(
    folder: str | Path,
    collection: Collection,
    *,
    judge: str = "reviewer",
    language: str = "en",
    port: int | None = None,
    count: int = COUNT,
    positives: bool = False,
) -> ReviewServer:
    """Returns the server of a run's review, listening but not yet serving.

    Args:
        folder: A finished run directory.
        collection: What it was mined from.
        judge: Default name of the judge; the page can change it.
        language: `en` or `ru`.
        port: Port to listen on; None for 8642, or any free one if that is taken.
        count: Candidates to judge.
        positives: Begin with the tab of labelled positives, those that are most probably wrong first.

    Raises:
        ConfigError: The port is taken, or there is nothing to judge.
        DataError: The run is not finished or damaged.
        MissingExtra: The extra `report` is not installed.
    """
    path, locale = Path(folder), Locale(language)
    makers = {
        "negatives": lambda: Queue.of(path, count).for_audit(path),
        "positives": lambda: Queue.of_positives(path, count),
    }
    shown = "positives" if positives else "negatives"
    queue = makers[shown]()
    if not queue.items:
        raise ConfigError(f"{folder} has no {shown} to review")
    tabs = {
        name: partial(_opened, path, makers[name], collection, locale)
        for name in sorted(makers, key=lambda name: name != shown)
        if name == shown or _has(queue.summary.run, name)
    }
    session = Session(path, queue, collection, locale)
    session.state(judge)  # raises before the page opens if the file of judgments is damaged
    wanted = (8642, 0) if port is None else (port,)
    for number in wanted:
        try:
            return ReviewServer(session, tabs, locale, judge, number)
        except OSError as error:
            problem = error.strerror or str(error)
    raise ConfigError(f"cannot listen on port {wanted[-1]}: {problem}; choose another --port")


def _opened(folder: Path, queue: Callable[[], Queue], collection: Collection, locale: Locale) -> Session:
    return Session(folder, queue(), collection, locale)


def _has(run: Mapping[str, Any], tab: str) -> bool:
    """Returns whether a run has anything for a tab."""
    if tab == "positives":
        return bool((run.get("positives") or {}).get("examined"))
    return bool(run["counts"].get("negatives"))


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # of a line that names none: the answer has a status all the same
    server_version = "hardneg"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        """Answers with the page, or with the state of the review."""
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # a body is not read
        path = self._allowed()
        if path == "":
            self._answer(HTTPStatus.OK, self.server.page, "text/html; charset=utf-8")
        elif path == "state":
            asked = parse_qs(urlsplit(self.path).query)
            self._state(asked.get("judge", [""])[0], asked.get("tab", [""])[0])
        elif path is not None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Writes a judgment to disk and answers with the state of the review."""
        path = self._allowed()
        if path is None:
            return
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip()
        if path != "judge" or kind != "application/json":
            self._refuse(HTTPStatus.NOT_FOUND, "judgments are sent to judge, as JSON")
            return
        answer = self._body()
        if answer is None:
            return
        tab = str(answer.get("tab", ""))
        try:
            session = self.server.session_of(tab)
            if session is None:
                raise ConfigError("there is no such tab")
            session.judge(answer)
        except HardnegError as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
            return
        self._state(str(answer["judge"]).strip(), tab)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuses what is no request of a known method, as everything else is refused."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code = HTTPStatus.METHOD_NOT_ALLOWED
        self._refuse(HTTPStatus(code), HTTPStatus(code).phrase)

    def log_message(self, format: str, *args: Any) -> None:
        """Prints nothing: the address has the token in it."""

    def _allowed(self) -> str | None:
        """Returns the path below the token; None after refusing the request."""
        origin = self.headers.get("Origin")
        ours = [f"http://{host}" for host in self.server.hosts]
        if self.headers.get("Host") not in self.server.hosts or (origin is not None and origin not in ours):
            self._refuse(HTTPStatus.FORBIDDEN, "this page is for this machine only")
            return None
        if self.command == "POST" and origin is None:
            self._refuse(HTTPStatus.FORBIDDEN, "judgments come from the page of the review")
            return None
        try:
            token, _, path = urlsplit(self.path).path.removeprefix("/").partition("/")
        except ValueError:
            self._refuse(HTTPStatus.BAD_REQUEST, "the address is none")
            return None
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND, "open the address that hardneg review printed")
            return None
        return path

    def _body(self) -> dict[str, Any] | None:
        """Returns the JSON object that was sent; None after refusing the request."""
        length = self._length()
        if length is None:
            return None
        body = self.rfile.read(length)
        if len(body) < length:  # the browser went away
            self.close_connection = True
            return None
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            self._refuse(HTTPStatus.BAD_REQUEST, "a judgment is a JSON object")
            return None
        return answer

    def _length(self) -> int | None:
        """Returns the bytes of the body; None after refusing the request."""
        given = self.headers.get_all("Content-Length") or []
        digits = given[0].lstrip("0") or "0" if given else ""
        if not given or "Transfer-Encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "a judgment comes with its Content-Length")
        elif len(given) > 1 or not (digits.isascii() and digits.isdecimal()):
            self._refuse(HTTPStatus.BAD_REQUEST, "the Content-Length is no number")
        elif len(digits) > len(str(_BODY)) or int(digits) > _BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a judgment is a short JSON object")
        else:
            return int(digits)
        return None

    def _state(self, judge: str, tab: str) -> None:
        try:
            session = self.server.session_of(tab)
            if session is None:
                self._refuse(HTTPStatus.NOT_FOUND, "there is no such tab")
                return
            state = session.state(judge)
        except HardnegError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
            return
        text = json.dumps(state).encode()
        self._answer(HTTPStatus.OK, text, "application/json; charset=utf-8")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True  # the rest of the request is not read
        self._answer(status, json.dumps({"error": why}).encode(), "application/json; charset=utf-8")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", self.server.policy),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", ", ".join(_METHODS))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def page(locale: Locale, judge: str, tabs: Sequence[str] = ()) -> tuple[str, str]:
    """Returns the page as HTML, and its content security policy: its own script, style and server.

    Args:
        locale: The language.
        judge: Default name of the judge.
        tabs: What can be judged, that which is shown first in front.
    """
    own = importlib.resources.files("hardneg.review") / "templates"
    style, script, template = (
        (own / f"review.{kind}").read_text(encoding="utf-8") for kind in ("css", "js", "html")
    )
    style, script = read("page.css") + style, read("text.js") + script
    texts = locale.under("review.", "examples.")
    data = embedded({"texts": texts, "judge": judge, "language": locale.language, "tabs": list(tabs)})
    html = environment().from_string(template)
    return (
        html.render(locale=locale, style=style, script=script, data=data, tabs=sorted(tabs)),
        f"{policy(script, style)}; connect-src 'self'; frame-ancestors 'none'",
    )
