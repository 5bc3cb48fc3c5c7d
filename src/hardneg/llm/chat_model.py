"""A model at an endpoint, as it is asked: its requests, what was answered before, what asking may cost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hardneg.llm.answer_store import Answer, AnswerStore
from hardneg.llm.budget import Cost
from hardneg.llm.client import Client, Endpoint

LONGEST_ANSWER = 512
"""Tokens that an answer may have unless a request says otherwise."""
_BYTES_PER_TOKEN = 2  # fewer than tokenizers need in practice, so that a reservation holds
Request = Mapping[str, Any]


class Reply(NamedTuple):
    """An answer, and the tokens that this call paid for it; None if it was answered before."""

    answer: Answer
    tokens: int | None


@dataclass(frozen=True)
class Model:
    """A model and where it is served.

    Attributes:
        name: The model's name there.
        endpoint: Where.
        options: Fields of the request body, changed or added; None takes one away.
        store: Where answers are kept.
    """

    name: str
    endpoint: Endpoint
    options: Mapping[str, Any]
    store: AnswerStore

    def request(self, messages: Sequence[Mapping[str, str]], **fields: Any) -> Request:
        """Returns the body that asks for an answer to the messages.

        Args:
            messages: Each with `role` and `content`.
            fields: Further fields, which the options may change.
        """
        body = {"model": self.name, "messages": messages, "temperature": 0, "max_tokens": LONGEST_ANSWER}
        return {
            name: value for name, value in (body | fields | dict(self.options)).items() if value is not None
        }

    def known(self, request: Request) -> Answer | None:
        """Returns what the model answered before, None if it was not asked."""
        return self.store.get(self._key(request))

    def most(self, request: Request) -> Cost:
        """Returns the most that asking once may cost."""
        written = sum(len(each["content"].encode("utf-8", "replace")) for each in request["messages"])
        return Cost(1, written // _BYTES_PER_TOKEN + longest_answer(request))

    async def ask(self, client: Client, request: Request) -> Reply:
        """Returns the model's answer, which is on disk by then.

        Raises:
            NoAnswer: It says nothing.
            DataError: The endpoint refuses every request.
        """
        key = self._key(request)
        answer = await client.ask(request, key)
        tokens = answer.prompt_tokens + answer.answer_tokens or self.most(request).tokens
        return Reply(self.store.put(key, self.name, answer), tokens)

    def _key(self, request: Request) -> str:
        """Returns the sha256 of all that an answer depends on, hexadecimal."""
        return hashlib.sha256(json.dumps([self.endpoint.url, request], sort_keys=True).encode()).hexdigest()


def longest_answer(request: Request) -> int:
    """Returns how many tokens the answer to a request may have."""
    limits = (request.get(name) for name in ("max_tokens", "max_completion_tokens"))
    return max((limit for limit in limits if isinstance(limit, int)), default=LONGEST_ANSWER)
