"""Requests lists of texts as JSON, reads the answers strictly, and repeats a request once if unreadable."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from hardneg.core.records.text import id_key
from hardneg.llm.chat_model import ChatModel, Cost, Request
from hardneg.llm.client import NoAnswer
from hardneg.llm.prompt import without_thoughts
from hardneg.llm.request_queue import Attempt

TEMPERATURE = 0.7
"""As Promptagator sampled its queries (arXiv 2209.11755, section 4)."""
_QUOTED = 1000  # bytes of an unreadable answer that the model is shown again
_REPEAT = (
    "This is not the JSON object that was asked for. Answer with the object alone: "
    'one field, "{field}", a list of exactly {count} strings, none of them empty.'
)


class Question(NamedTuple):
    """A request for a list of texts; its seed is drawn from the seed of the call and the name."""

    content: str
    field: str  # the name of the list in the answer
    wanted: int
    longest: int  # most tokens of the answer
    name: str  # id of the document or query
    seed: int


class GeneratedTexts(NamedTuple):
    """The texts of the question about one row; None where no answer could be read."""

    row: int
    texts: list[str] | None
    answer: str = ""  # the last one, in full
    repeated: bool = False
    cached: bool = False  # whether it cost nothing
    problem: str | None = None  # why there is no answer


class JsonRequester:
    """Sends the questions about rows to a model."""

    def __init__(self, model: ChatModel, question: Callable[[int], Question]) -> None:
        self._model, self._question = model, question

    def highest_cost(self, row: int) -> Cost:
        """Returns the most that a row may cost, a repeated request included, without stored answers."""
        question = self._question(row)
        stored = self._model.stored(self._request(question))
        if stored is None:
            repeated = self._request(question, "x" * _QUOTED)
            return self._model.highest_cost(self._request(question)).plus(self._model.highest_cost(repeated))
        if read_texts(stored.text, question.field, question.wanted) is not None:
            return Cost()
        repeated = self._request(question, stored.text)
        return Cost() if self._model.stored(repeated) else self._model.highest_cost(repeated)

    def cost_without_repeat(self, row: int) -> Cost:
        """Returns the most that a row may cost if the first answer can be read."""
        request = self._request(self._question(row))
        return Cost() if self._model.stored(request) else self._model.highest_cost(request)

    async def ask(self, row: int, attempt: Attempt) -> GeneratedTexts:
        """Returns the texts for a row."""
        question = self._question(row)
        repeated = False
        try:
            reply = await attempt.ask(self._model, self._request(question))
            texts = read_texts(reply.answer.text, question.field, question.wanted)
            if texts is None:
                repeated = True
                reply = await attempt.ask(self._model, self._request(question, reply.answer.text))
                texts = read_texts(reply.answer.text, question.field, question.wanted)
        except NoAnswer as problem:
            return GeneratedTexts(row, None, repeated=repeated, problem=str(problem))
        return GeneratedTexts(row, texts, reply.answer.text, repeated, not attempt.paid)

    def _request(self, question: Question, unreadable: str | None = None) -> Request:
        messages = [{"role": "user", "content": question.content}]
        if unreadable is not None:
            quoted = unreadable.encode("utf-8", "replace")[:_QUOTED].decode("utf-8", "ignore")
            correction = _REPEAT.format(field=question.field, count=question.wanted)
            messages.append({"role": "assistant", "content": quoted or "(nothing)"})
            messages.append({"role": "user", "content": correction})
        drawn = id_key(f"{question.seed}\0{question.name}") % 2**31
        return self._model.request(messages, temperature=TEMPERATURE, max_tokens=question.longest, seed=drawn)


def read_texts(answer: str, field: str, count: int) -> list[str] | None:
    """Returns the texts of an answer, each without surrounding space; None unless it has the requested form.

    That is a JSON object with one field, a list of `count` strings that are not blank, surrounded by nothing
    but thoughts in `<think>` tags and the lines of a code fence.
    """
    try:
        parsed = json.loads(without_thoughts(answer) or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict) or list(parsed) != [field]:
        return None
    texts = parsed[field]
    if not isinstance(texts, list) or len(texts) != count:
        return None
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return None
    return [text.strip().encode("utf-8", "replace").decode("utf-8") for text in texts]
