"""An HTTP client of one OpenAI-compatible endpoint, with retries; it never shows the key."""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from hardneg.core.display import printable
from hardneg.core.errors import ConfigError, DataError, MissingExtra
from hardneg.endpoints.endpoint import Endpoint

_REFUSED = {401: "the key is missing or wrong", 403: "the key may not do this", 404: "no such path or model"}
_LONGEST_WAIT = 600.0  # seconds; a longer wait is an error
_LONGEST_BODY = 1 << 22  # bytes
T = TypeVar("T")
_SHOWN = 200
_MOST_TOKENS = 1 << 40  # a greater count is none
_NO_FORM = (400, 422)
"""HTTP statuses by which servers refuse `response_format`."""
_RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
"""HTTP statuses after which the same request may succeed."""
_FIRST_WAIT, _LAST_WAIT = 0.5, 60.0  # seconds after the first failure, and at most


class Answer(NamedTuple):
    """The answer of a model."""

    text: str  # empty for a refusal without text
    time: str = ""  # ISO 8601
    prompt_tokens: int = 0  # by the endpoint's count; 0 without a count
    answer_tokens: int = 0


class NoAnswer(Exception):
    """A request got no usable answer; other requests may."""


class _Retryable(NoAnswer):
    """The same request may get an answer later."""

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


class Refused(NoAnswer):
    """The server takes no such request, by an HTTP status."""

    def __init__(self, problem: str, status: int) -> None:
        super().__init__(problem)
        self.status = status


class Client:
    """Sends requests to one endpoint, inside `async with`, and again where `may_retry` allows it."""

    def __init__(
        self,
        endpoint: Endpoint,
        timeout: float,
        retries: int,
        may_retry: Callable[[], bool],
        connections: int,
    ) -> None:
        try:
            import httpx2
        except ImportError:
            raise MissingExtra("httpx2", "judge") from None
        self._http = httpx2
        self._endpoint = endpoint
        self._timeout, self._retries, self._may_retry = timeout, retries, may_retry
        self._not_before = 0.0
        self._takes_forms: bool | None = None  # None before the server has shown it
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if endpoint.key:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        try:
            httpx2.URL(endpoint.url)
        except httpx2.InvalidURL as error:
            raise ConfigError(f"the endpoint's URL is none: {error}") from None
        try:
            self._client = httpx2.AsyncClient(
                headers=headers,
                timeout=timeout,
                limits=limits,
                verify=httpx2.create_ssl_context(),
                trust_env=not endpoint.is_local,  # whether proxies of the environment are used
            )
        except (ValueError, ImportError, httpx2.InvalidURL) as error:
            raise ConfigError(
                f"a proxy in the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) cannot be used: "
                f"{type(error).__name__}; expected one as http://host:3128, or NO_PROXY={_host(endpoint)}"
            ) from None

    async def __aenter__(self) -> Client:
        """Opens nothing yet."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def ask(
        self, request: Mapping[str, Any], key: str, form: Mapping[str, Any] | None = None
    ) -> Answer:
        """Returns the answer to a chat request, repeated as long as that may help.

        Args:
            request: The body.
            key: By which repeated requests are spread over time.
            form: The `response_format`; left out where the server refuses it.
        """
        return await self._repeated(lambda: self._in_form(request, form), key)

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        read: Callable[[Any], T | None],
        key: str,
        *,
        longest: int = _LONGEST_BODY,
        refusals: Collection[int] = (),
    ) -> T:
        """Returns what is read in the answer to a request, repeated as long as that may help.

        Args:
            path: Below the endpoint's URL.
            body: The request, in JSON.
            read: Reads the parsed answer; None where it is something else, and `NoAnswer` where it is wrong.
            key: By which repeated requests are spread over time.
            longest: Most bytes of the answer.
            refusals: Further HTTP statuses that mean that the server takes no such request.

        Raises:
            Refused: The server takes no such request.
            NoAnswer: It gives no usable answer.
            DataError: It refuses all requests.
        """

        async def once() -> T:
            status, headers, text = await self._reached(path, body, longest)
            if status in refusals:
                raise Refused(f"HTTP {status}: {self._message(text)}", status)
            if status != 200:
                raise self._problem(status, headers, text)
            try:
                parsed = json.loads(text)
            except (ValueError, RecursionError):
                raise _Retryable(f"the answer is no JSON: {self._shown(text)}") from None
            if (found := read(parsed)) is None:
                raise NoAnswer(f"the answer is not what was asked for: {self._shown(text)}")
            return found

        return await self._repeated(once, key)

    async def _repeated(self, once: Callable[[], Awaitable[T]], key: str) -> T:
        """Returns the answer of a request that is sent again as long as that may help."""
        attempt = 0
        while True:
            await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
            try:
                return await once()
            except _Retryable as problem:
                attempt += 1
                if attempt > self._retries or not self._may_retry():
                    raise NoAnswer(str(problem)) from None
                if problem.wait:
                    self._not_before = max(self._not_before, time.monotonic() + problem.wait)
                await asyncio.sleep(backoff(attempt, key))

    async def _in_form(self, request: Mapping[str, Any], form: Mapping[str, Any] | None) -> Answer:
        """Sends a request with its form, and without it where a server that never took one refuses it."""
        if form is None or self._takes_forms is False:
            return await self._once(request)
        try:
            answer = await self._once({**request, "response_format": form})
        except Refused as problem:
            if self._takes_forms or not self._may_retry():
                raise NoAnswer(str(problem)) from None
            answer = await self._once(request)
            self._takes_forms = self._takes_forms or False
            return answer
        self._takes_forms = True
        return answer

    async def _once(self, request: Mapping[str, Any]) -> Answer:
        status, headers, text = await self._reached("chat/completions", request, _LONGEST_BODY)
        if status == 200:
            return self._parsed(text)
        raise self._problem(status, headers, text)

    async def _reached(
        self, path: str, request: Mapping[str, Any], longest: int
    ) -> tuple[int, Mapping[str, str], str]:
        """Returns status, headers and text of the response."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._send(path, json.dumps(request).encode(), longest)
        except (TimeoutError, self._http.TimeoutException):
            raise _Retryable(f"no answer within {self._timeout:g} seconds") from None
        except (self._http.HTTPError, self._http.InvalidURL, OSError, ValueError) as error:
            reason = self._shown(str(error) or type(error).__name__)
            raise _Retryable(f"the connection failed: {reason}") from None

    async def _send(self, path: str, body: bytes, longest: int) -> tuple[int, Mapping[str, str], str]:
        """Returns status, headers and text of the response, read up to a limit."""
        url = f"{self._endpoint.url}/{path}"
        async with self._client.stream("POST", url, content=body) as response:
            packed = response.headers.get("content-encoding", "identity").lower()
            if packed not in ("identity", "gzip", "deflate"):  # which grow a thousandfold at most
                raise _Retryable(f"the answer is packed as {self._shown(packed)}, which was not asked for")
            read = bytearray()
            async for part in response.aiter_bytes():
                read += part
                if len(read) > longest:
                    raise _Retryable(f"the answer is longer than {longest:,} bytes")
            return response.status_code, response.headers, read.decode("utf-8", "replace")

    def _parsed(self, text: str) -> Answer:
        """Returns the answer in a body; the key is cut out of the parsed text, where no escape hides it."""
        try:
            completion = json.loads(text)
            content = completion["choices"][0]["message"]["content"]
            usage = completion.get("usage") or {}
            counts = [int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OverflowError):
            raise _Retryable(f"the answer is no chat completion: {self._shown(text)}") from None
        if not isinstance(content, str | None):
            raise _Retryable(f"the answer's content is no text: {self._shown(str(content))}")
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        counts = [count if 0 <= count < _MOST_TOKENS else 0 for count in counts]
        whole = (content or "").encode("utf-8", "replace").decode()  # halves of characters cannot be stored
        return Answer(self._endpoint.hide(whole), now, *counts)

    def _problem(self, status: int, headers: Mapping[str, str], text: str) -> Exception:
        """Returns the error of a status other than 200: of this request, or of all requests."""
        where = f"{self._endpoint.url}: HTTP {status}"
        if status in _REFUSED:
            more = f": {self._message(text)}" if status == 404 else ""
            return DataError(f"{where}: {_REFUSED[status]}{more}")
        problem = f"HTTP {status}: {self._message(text)}"
        if status in _NO_FORM:
            return Refused(problem, status)
        if status not in _RETRYABLE:
            return NoAnswer(problem)
        wait = retry_after(headers.get("retry-after"), datetime.datetime.now(datetime.UTC))
        if wait > _LONGEST_WAIT:
            return DataError(f"{where}: it asks to wait {wait:,.0f} seconds; run the same command after that")
        return _Retryable(problem, wait)

    def _message(self, text: str) -> str:
        """Returns the error message of a body, or how the body begins."""
        try:
            error = json.loads(text)["error"]
            return self._shown(str(error["message"] if isinstance(error, dict) else error))
        except (ValueError, KeyError, TypeError, RecursionError):
            return self._shown(text)

    def _shown(self, text: str) -> str:
        """Returns how a text of the server begins, on one line, without the key."""
        return printable(self._endpoint.hide_in_message(text), _SHOWN) or "(nothing)"


def _host(endpoint: Endpoint) -> str:
    return urlsplit(endpoint.url).hostname or ""


def backoff(attempt: int, key: str) -> float:
    """Returns the seconds to wait after failed attempt number `attempt` (from 1): 0.5, 1, 2... up to 60.

    Up to half of it is taken off by a hash of the request's key, so that requests that failed together are
    repeated at different times; no random state is involved.
    """
    digest = hashlib.blake2b(f"{key}\0{attempt}".encode(), digest_size=8).digest()
    share = int.from_bytes(digest, "little") / 2**64
    return float(min(_LAST_WAIT, _FIRST_WAIT * 2 ** (attempt - 1)) * (1 - share / 2))


def retry_after(header: str | None, now: datetime.datetime) -> float:
    """Returns the seconds that a Retry-After header asks for (RFC 9110, 10.2.3), 0 if it asks for none."""
    text = (header or "").strip()
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    return max(0.0, (when - now).total_seconds())
