"""A model at an endpoint: its requests and their costs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hardneg.core.errors import ConfigError
from hardneg.endpoints.answer_store import AnswerStore
from hardneg.endpoints.client import Answer, Client
from hardneg.endpoints.endpoint import KEY_IS_RECORDED, Endpoint

LONGEST_ANSWER = 512
"""Most tokens of an answer by default."""
_BYTES_PER_TOKEN = 2  # fewer than tokenizers need in practice, so that a reservation holds
Request = Mapping[str, Any]


class Cost(NamedTuple):
    """Requests sent, and tokens of prompts and answers."""

    requests: int = 0
    tokens: int = 0

    def plus(self, other: Cost) -> Cost:
        """Returns the sum."""
        return Cost(self.requests + other.requests, self.tokens + other.tokens)

    def minus(self, other: Cost) -> Cost:
        """Returns the difference."""
        return Cost(self.requests - other.requests, self.tokens - other.tokens)


class Reply(NamedTuple):
    """An answer (of a chat model, an `Answer`), and the tokens paid for it; None for a stored answer."""

    answer: Any
    tokens: int | None


@dataclass(frozen=True)
class ChatModel:
    """A model and where it is served."""

    name: str
    endpoint: Endpoint
    options: Mapping[str, Any]  # fields of the request body to change or add; None removes one
    store: AnswerStore
    form: Mapping[str, Any] | None = None  # the `response_format` where the server takes one

    def __post_init__(self) -> None:
        """Refuses a key in what is recorded."""
        recorded = json.dumps([self.name, self.endpoint.url, dict(self.options)], ensure_ascii=False)
        if self.endpoint.hide(recorded) != recorded:
            raise ConfigError(KEY_IS_RECORDED)

    def request(self, messages: Sequence[Mapping[str, str]], **fields: Any) -> Request:
        """Returns the body of a chat request."""
        body = {"model": self.name, "messages": messages, "temperature": 0, "max_tokens": LONGEST_ANSWER}
        return {
            name: value for name, value in (body | fields | dict(self.options)).items() if value is not None
        }

    def stored(self, request: Request) -> Answer | None:
        """Returns the stored answer to a request; None without one."""
        answer = self.store.get(self._key(request))
        return answer and answer._replace(text=self.endpoint.hide(answer.text))

    def restore(self, request: Request, text: str) -> bool:
        """Stores an answer that was paid for before, if the store has lost it; returns whether it had."""
        lost = self.store.has_lost(self._key(request))
        if lost:
            self.store.put(self._key(request), self.name, Answer(text))
        return lost

    def highest_cost(self, request: Request) -> Cost:
        """Returns the most that one request may cost."""
        size = sum(len(message["content"].encode("utf-8", "replace")) for message in request["messages"])
        return Cost(1, size // _BYTES_PER_TOKEN + longest_answer(request))

    async def ask(self, client: Client, request: Request) -> Reply:
        """Returns the model's answer, stored on disk before this returns."""
        key = self._key(request)
        form = None if "response_format" in self.options else self.form
        answer = await client.ask(request, key, form)
        tokens = answer.prompt_tokens + answer.answer_tokens or self.highest_cost(request).tokens
        return Reply(self.store.put(key, self.name, answer), tokens)

    def _key(self, request: Request) -> str:
        """Returns the sha256 of endpoint and request, hexadecimal."""
        return hashlib.sha256(json.dumps([self.endpoint.url, request], sort_keys=True).encode()).hexdigest()


def longest_answer(request: Request) -> int:
    """Returns the most tokens of the answer to a request."""
    limits = (request.get(name) for name in ("max_tokens", "max_completion_tokens"))
    return max((limit for limit in limits if isinstance(limit, int)), default=LONGEST_ANSWER)
