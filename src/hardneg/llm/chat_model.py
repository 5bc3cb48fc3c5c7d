"""A model at an endpoint: its requests and costs, and its answers on disk: none is paid for twice."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hardneg.core.errors import DataError
from hardneg.llm.client import Answer, Client, Endpoint

LONGEST_ANSWER = 512
"""Most tokens of an answer by default."""
_BYTES_PER_TOKEN = 2  # fewer than tokenizers need in practice, so that a reservation holds
FILE = "answers.sqlite"
_TABLE = """create table if not exists answers (
    key text primary key, model text not null, answer text not null, time text not null,
    prompt_tokens integer not null, answer_tokens integer not null
) without rowid"""
_WAIT = 60.0  # seconds for another process that is writing
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
    """An answer, and the tokens that this call paid for it; None for a stored answer."""

    answer: Answer
    tokens: int | None


class AnswerStore:
    """Answers by key, on disk as soon as `put` returns; several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # used in one thread at a time, not always the one that opened it
            self._file = sqlite3.connect(
                self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False
            )
            self._file.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None

    def get(self, key: str) -> Answer | None:
        """Returns the answer of this key; None without one."""
        query = "select answer, time, prompt_tokens, answer_tokens from answers where key = ?"
        try:
            row = self._file.execute(query, (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        return Answer(*row) if row else None

    def put(self, key: str, model: str, answer: Answer) -> Answer:
        """Stores an answer unless the key has one; returns the stored one."""
        row = (key, model, answer.text, answer.time, answer.prompt_tokens, answer.answer_tokens)
        try:
            self._file.execute("insert or ignore into answers values (?, ?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        return self.get(key) or answer

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _unusable(self, error: Exception) -> DataError:
        return DataError(f"cannot use {self.path}: {error}; if it is corrupt, delete it")


@dataclass(frozen=True)
class ChatModel:
    """A model and where it is served."""

    name: str
    endpoint: Endpoint
    options: Mapping[str, Any]  # fields of the request body to change or add; None removes one
    store: AnswerStore

    def request(self, messages: Sequence[Mapping[str, str]], **fields: Any) -> Request:
        """Returns the body of a chat request."""
        body = {"model": self.name, "messages": messages, "temperature": 0, "max_tokens": LONGEST_ANSWER}
        return {
            name: value for name, value in (body | fields | dict(self.options)).items() if value is not None
        }

    def stored(self, request: Request) -> Answer | None:
        """Returns the stored answer to a request; None without one."""
        return self.store.get(self._key(request))

    def highest_cost(self, request: Request) -> Cost:
        """Returns the most that one request may cost."""
        size = sum(len(message["content"].encode("utf-8", "replace")) for message in request["messages"])
        return Cost(1, size // _BYTES_PER_TOKEN + longest_answer(request))

    async def ask(self, client: Client, request: Request) -> Reply:
        """Returns the model's answer, stored on disk before this returns."""
        key = self._key(request)
        answer = await client.ask(request, key)
        tokens = answer.prompt_tokens + answer.answer_tokens or self.highest_cost(request).tokens
        return Reply(self.store.put(key, self.name, answer), tokens)

    def _key(self, request: Request) -> str:
        """Returns the sha256 of endpoint and request, hexadecimal."""
        return hashlib.sha256(json.dumps([self.endpoint.url, request], sort_keys=True).encode()).hexdigest()


def longest_answer(request: Request) -> int:
    """Returns the most tokens of the answer to a request."""
    limits = (request.get(name) for name in ("max_tokens", "max_completion_tokens"))
    return max((limit for limit in limits if isinstance(limit, int)), default=LONGEST_ANSWER)
