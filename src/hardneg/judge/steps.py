"""One step of the cascade: what a model is asked about a pair, and what it answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from hardneg.judge.answers import read_grade, verdict
from hardneg.judge.budget import Cost
from hardneg.judge.client import Client, Endpoint
from hardneg.judge.pairs import Pair
from hardneg.judge.prompt import Prompt
from hardneg.judge.store import Answer, AnswerStore
from hardneg.verdicts import Verdict

LONGEST_ANSWER = 512
"""Tokens that an answer may have unless options say otherwise."""
_BYTES_PER_TOKEN = 2  # fewer than tokenizers need in practice, so that a reservation holds


class Said(NamedTuple):
    """A model's word on one pair.

    Attributes:
        model: Who.
        answer: In full.
        grade: 0 to 3, None where the answer gives none.
        verdict: What the grade says.
        tokens: What this call paid for it; None if it was answered before.
    """

    model: str
    answer: Answer
    grade: int | None
    verdict: Verdict
    tokens: int | None


@dataclass(frozen=True)
class Step:
    """A model, where it is served, and how it is asked.

    Attributes:
        model: The model's name.
        endpoint: Where it is served.
        prompt: The template.
        options: Fields of the request body, changed or added; None takes one away.
        relevant_from: The least grade that counts as relevant.
        store: Where answers are kept.
    """

    model: str
    endpoint: Endpoint
    prompt: Prompt
    options: Mapping[str, Any]
    relevant_from: int
    store: AnswerStore

    @property
    def judge(self) -> str:
        """The name under which its verdicts stand."""
        return f"llm:{self.model}"

    def known(self, pair: Pair) -> Said | None:
        """Returns what the model has said of a pair before, None if it was not asked."""
        answer = self.store.get(self._key(self._request(pair)))
        return self._said(pair, answer, None) if answer else None

    def most(self, pair: Pair) -> Cost:
        """Returns the most that asking once may cost."""
        request = self._request(pair)
        limits = (request.get(name) for name in ("max_tokens", "max_completion_tokens"))
        longest = max((limit for limit in limits if isinstance(limit, int)), default=LONGEST_ANSWER)
        written = len(request["messages"][0]["content"].encode("utf-8", "replace"))
        return Cost(1, written // _BYTES_PER_TOKEN + longest)

    async def ask(self, client: Client, pair: Pair) -> Said:
        """Returns what the model says of a pair, which is on disk by then.

        Raises:
            NoAnswer: It says nothing.
            DataError: The endpoint refuses every request.
        """
        request = self._request(pair)
        key = self._key(request)
        answer = await client.ask(request, key)
        tokens = answer.prompt_tokens + answer.answer_tokens or self.most(pair).tokens
        return self._said(pair, self.store.put(key, self.model, answer), tokens)

    def _said(self, pair: Pair, answer: Answer, tokens: int | None) -> Said:
        grade = read_grade(answer.text, f"{pair.query}\n{pair.document}")
        return Said(self.model, answer, grade, verdict(grade, self.relevant_from), tokens)

    def _request(self, pair: Pair) -> dict[str, Any]:
        content = self.prompt.fill(pair.query, pair.document)
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "temperature": 0,
            "max_tokens": LONGEST_ANSWER,
        }
        return {name: value for name, value in (body | dict(self.options)).items() if value is not None}

    def _key(self, request: Mapping[str, Any]) -> str:
        """Returns the sha256 of all that an answer depends on, hexadecimal."""
        return hashlib.sha256(json.dumps([self.endpoint.url, request], sort_keys=True).encode()).hexdigest()
