"""Asks for a list of texts as JSON, once more if the answer cannot be read, and reads it strictly."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from hardneg.core.records.text import id_key
from hardneg.llm.budget import Cost
from hardneg.llm.chat_model import Model, Request
from hardneg.llm.client import NoAnswer
from hardneg.llm.request_queue import Attempt
from hardneg.llm.texts import said

TEMPERATURE = 0.7
"""As Promptagator sampled its queries (arXiv 2209.11755, section 4)."""
_QUOTED = 1000  # bytes of an unreadable answer that the model is shown again
_AGAIN = (
    "This is not the JSON object that was asked for. Answer with the object alone: "
    'one field, "{field}", a list of exactly {count} strings, none of them empty.'
)


class Question(NamedTuple):
    """What is asked for.

    Attributes:
        content: The prompt.
        field: The name of the list in the answer.
        wanted: How many texts it must have.
        longest: Tokens that the answer may have.
        name: Of what it is about, from which, with the seed, the request's seed is drawn.
        seed: Of the call.
    """

    content: str
    field: str
    wanted: int
    longest: int
    name: str
    seed: int


class Outcome(NamedTuple):
    """What came of one question.

    Attributes:
        row: The document or query that it was about.
        texts: What was written; None where no answer could be read.
        answer: The last answer as it came; empty where there is none.
        again: Whether the model was asked a second time.
        cached: Whether the answer cost nothing.
        problem: Why there is no answer.
    """

    row: int
    texts: list[str] | None
    answer: str = ""
    again: bool = False
    cached: bool = False
    problem: str | None = None


class Asker:
    """Asks a model about rows.

    Args:
        model: Who is asked.
        question: Returns what is asked about a row.
    """

    def __init__(self, model: Model, question: Callable[[int], Question]) -> None:
        self._model, self._question = model, question

    def most(self, row: int) -> Cost:
        """Returns the most that a row may cost, a second request included, less what is known of it."""
        question = self._question(row)
        known = self._model.known(self._request(question))
        if known is None:
            longest = self._request(question, "x" * _QUOTED)
            return self._model.most(self._request(question)).plus(self._model.most(longest))
        if read_texts(known.text, question.field, question.wanted) is not None:
            return Cost()
        again = self._request(question, known.text)
        return Cost() if self._model.known(again) else self._model.most(again)

    def once(self, row: int) -> Cost:
        """Returns the most that a row may cost if the first answer can be read."""
        request = self._request(self._question(row))
        return Cost() if self._model.known(request) else self._model.most(request)

    async def ask(self, row: int, turn: Attempt) -> Outcome:
        """Returns what came of a row.

        Raises:
            DataError: The endpoint refuses every request.
        """
        question = self._question(row)
        again = False
        try:
            reply = await turn.ask(self._model, self._request(question))
            texts = read_texts(reply.answer.text, question.field, question.wanted)
            if texts is None:
                again = True
                reply = await turn.ask(self._model, self._request(question, reply.answer.text))
                texts = read_texts(reply.answer.text, question.field, question.wanted)
        except NoAnswer as problem:
            return Outcome(row, None, again=again, problem=str(problem))
        return Outcome(row, texts, reply.answer.text, again, not turn.answered)

    def _request(self, question: Question, unreadable: str | None = None) -> Request:
        messages = [{"role": "user", "content": question.content}]
        if unreadable is not None:
            quoted = unreadable.encode("utf-8", "replace")[:_QUOTED].decode("utf-8", "ignore")
            told = _AGAIN.format(field=question.field, count=question.wanted)
            messages.append({"role": "assistant", "content": quoted or "(nothing)"})
            messages.append({"role": "user", "content": told})
        drawn = id_key(f"{question.seed}\0{question.name}") % 2**31
        return self._model.request(messages, temperature=TEMPERATURE, max_tokens=question.longest, seed=drawn)


def read_texts(answer: str, field: str, count: int) -> list[str] | None:
    """Returns the texts of an answer, each without surrounding space; None unless it is what was asked for.

    That is a JSON object with one field, a list of `count` strings that are not blank. Around it nothing may
    stand but thoughts in `<think>` tags and the lines of a code fence.

    Args:
        answer: What the model wrote.
        field: The name of the list.
        count: How many texts it must have.
    """
    try:
        stated = json.loads(said(answer) or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(stated, dict) or list(stated) != [field]:
        return None
    texts = stated[field]
    if not isinstance(texts, list) or len(texts) != count:
        return None
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return None
    return [text.strip().encode("utf-8", "replace").decode("utf-8") for text in texts]
