"""Vectors of texts and scores of pairs from a model behind an endpoint.

Checked against the servers' own documentation: `/embeddings` of OpenAI, vLLM, TEI, llama.cpp and Ollama;
`/rerank` of vLLM, Jina, Cohere and llama.cpp (`documents` in, `results` out) and of TEI (`texts` in, a list
out); `/score` of vLLM. Their entries have an `index`, and come in any order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hardneg.core.errors import DataError
from hardneg.core.records import FloatArray
from hardneg.endpoints.chat_model import Cost, Reply
from hardneg.endpoints.client import Client, NoAnswer, Refused
from hardneg.endpoints.endpoint import Endpoint
from hardneg.endpoints.request_queue import Attempt, Budget, RequestQueue
from hardneg.endpoints.settings import Limits

_LONGEST_ANSWER = 1 << 26  # bytes: 256 vectors of 8,192 numbers
_BYTES_PER_TOKEN = 2
_NOT_THERE = (404, 405, 501)
"""HTTP statuses of a path that a server does not have."""


class ArrayRequest(NamedTuple):
    """A request for one row of numbers for each of some texts.

    Attributes:
        texts: What is asked about.
        query: What it is scored for; None for vectors.
        forms: The ways to ask, of which the first that the server takes is used from then on.
    """

    texts: Sequence[str]
    query: str | None
    forms: Sequence[Form]


@dataclass(frozen=True)
class Form:
    """A way to ask for numbers: where, and what, fields that are None being left out."""

    path: str
    body: Callable[[str | None, Sequence[str]], Mapping[str, Any]]


class ArrayResult(NamedTuple):
    """The numbers of one request."""

    rows: FloatArray | None  # (n, dimension) float32
    problem: str | None = None  # why there are none


class ServedModel:
    """A model behind an endpoint that gives rows of numbers; all calls share one budget.

    Args:
        name: For messages, as `embed`.
        endpoint: Where it is.
        limits: Of all requests.
        forms: The ways to ask it, the likeliest first.
    """

    def __init__(self, name: str, endpoint: Endpoint, limits: Limits, forms: Sequence[Form]) -> None:
        self.name, self.endpoint = name, endpoint
        self._limits, self._forms = limits, list(forms)
        self._budget = Budget(limits.max_requests, limits.max_tokens)

    def rows(
        self, requests: Iterable[tuple[str | None, Sequence[str]]], done: Callable[[FloatArray], None]
    ) -> None:
        """Asks for the rows of (query, texts) and passes them on in the order of the requests.

        `done` gets those of every request before the first that fails, and nothing of that one.

        Raises:
            DataError: A request has no usable answer, the budget is spent, or all are refused.
        """
        problems: list[str] = []
        count = 0

        def take(result: ArrayResult) -> None:
            nonlocal count
            if result.rows is None:
                problems.append(result.problem or "")
            elif not problems:
                count += 1
                done(result.rows)

        queue: RequestQueue[Any, ArrayResult] = RequestQueue(
            [self], self._limits, "requests", self._highest_cost, self._ask, self._budget
        )
        queue.run(requests, take)
        if problems:
            raise DataError(f"{self.endpoint.url}: {problems[0]}; earlier answers are kept")
        if stopped := queue.spending()["stopped"]:
            raise DataError(
                f"{self.name}: {stopped} is used up; all answers are kept: run the same command with a "
                "higher limit to go on"
            )

    def stored(self, request: Any) -> None:
        """Returns None: rows are kept by those who ask for them."""

    async def ask(self, client: Client, request: tuple[str | None, Sequence[str]]) -> Reply:
        """Returns the rows of a request, asked in the first form that the server takes."""
        query, texts = request
        refusals: list[str] = []
        statuses: set[int] = set()
        for form in list(self._forms):
            body = {name: value for name, value in form.body(query, texts).items() if value is not None}
            try:
                rows, tokens = await client.post(
                    form.path,
                    body,
                    lambda parsed: _read(parsed, len(texts)),
                    hashlib.sha256(json.dumps(body).encode()).hexdigest(),
                    longest=_LONGEST_ANSWER,
                    refusals=_NOT_THERE,
                )
            except Refused as problem:
                refusals.append(f"{problem} (/{form.path})")
                statuses.add(problem.status)
                continue
            self._forms = [form]
            _check(rows, texts)
            return Reply(rows, tokens or self._highest_cost(request).tokens)
        said = "; ".join(dict.fromkeys(refusals))
        if statuses <= {*_NOT_THERE}:
            raise DataError(f"{self.endpoint.url}: {said}; are the URL and the model right?")
        raise NoAnswer(said)

    async def _ask(self, request: tuple[str | None, Sequence[str]], attempt: Attempt) -> ArrayResult:
        try:
            return ArrayResult((await attempt.ask(self, request)).answer)
        except NoAnswer as problem:
            return ArrayResult(None, str(problem))

    def _highest_cost(self, request: tuple[str | None, Sequence[str]]) -> Cost:
        query, texts = request
        size = sum(len(text.encode()) + len((query or "").encode()) for text in texts)
        return Cost(1, size // _BYTES_PER_TOKEN + 1)


def _read(parsed: Any, count: int) -> tuple[FloatArray, int] | None:
    """Returns (count, dimension) float32 in the order of the texts, and tokens; None where it is no list."""
    entries = parsed
    if isinstance(parsed, dict):
        entries = next((parsed[name] for name in ("data", "results") if name in parsed), None)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    if len(entries) != count:
        raise NoAnswer(f"the answer is about {len(entries)} texts, {count} were asked about")
    indexes = [entry.get("index") for entry in entries]
    if any(type(index) is not int for index in indexes) or sorted(indexes) != list(range(count)):
        raise NoAnswer(f"the indexes in the answer are not 0 to {count - 1}, each once")
    values = [_value(entry) for entry in entries]
    try:
        with np.errstate(over="ignore"):
            rows = np.array(values, np.float32).reshape(count, -1)
    except (ValueError, TypeError, OverflowError):
        raise NoAnswer(
            "the answer holds something else than numbers, or vectors of different lengths"
        ) from None
    ordered: FloatArray = np.empty_like(rows)
    ordered[indexes] = rows
    usage = parsed.get("usage") if isinstance(parsed, dict) else None
    tokens = usage.get("total_tokens") if isinstance(usage, dict) else None
    return ordered, tokens if isinstance(tokens, int) and tokens > 0 else 0


def _value(entry: Mapping[str, Any]) -> Any:
    """Returns the vector or the score of an entry; what is none becomes an error when it is converted."""
    found = next((entry[name] for name in ("embedding", "relevance_score", "score") if name in entry), "none")
    values = found if isinstance(found, list) else [found]
    if not values or not all(type(value) in (int, float) for value in values):
        return ["none"]
    return values


def _check(rows: FloatArray, texts: Sequence[str]) -> None:
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise NoAnswer(f"the answer holds NaN or infinity for the text {texts[bad[0]][:80]!r}")
