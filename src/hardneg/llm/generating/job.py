"""A call of generating: its questions, their answers, and the record of all generated texts.

Lists of texts are requested as JSON and read strictly; a request is repeated once if they cannot be read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hardneg.core.noise import uniform
from hardneg.core.records import Collection, IntArray
from hardneg.core.records.text import id_key
from hardneg.endpoints.chat_model import ChatModel, Cost, Request
from hardneg.endpoints.client import NoAnswer
from hardneg.endpoints.request_queue import Attempt
from hardneg.exporters.rows import rows_to
from hardneg.llm.generating.generate_settings import GenerateSettings
from hardneg.llm.prompt import Prompt, without_thoughts

PREFIX = "generated:"
"""Prefix of the ids of generated texts."""
RECORD = "generated.jsonl"
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


@dataclass(frozen=True)
class GenerationJob:
    """A call of `generate`; the split is that of the collection's queries."""

    collection: Collection
    settings: GenerateSettings
    prompt: Prompt
    split: str = "train"

    @property
    def origin(self) -> dict[str, Any]:
        """The origin of generated texts: model, prompt, seed."""
        version = f"{Path(self.prompt.name).stem}-{self.prompt.digest[:12]}"
        return {"model": self.settings.model, "prompt": version, "seed": self.settings.seed}


def sample_rows(seed: int, ids: Sequence[str], rows: IntArray, limit: int) -> IntArray:
    """Returns the first rows in an order drawn from the seed and their ids.

    A larger limit gives the same rows and more.
    """
    keys = np.fromiter((id_key(name) for name in ids), np.uint64, len(ids))
    order = np.argsort(uniform(seed, keys, np.zeros(1, np.uint64)), kind="stable")
    return rows[order[:limit]]


def write_record(folder: Path, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Writes the record of all generated texts, and returns its counts: written, kept, dropped by reason."""
    reasons: Counter[str] = Counter()
    count = 0
    with rows_to(folder / RECORD) as add:
        for row in rows:
            add(row)
            count += "answer" not in row
            reasons.update([row["dropped"]] if row["dropped"] and "answer" not in row else [])
    return {"written": count, "kept": count - reasons.total(), "dropped": dict(sorted(reasons.items()))}


def unreadable(result: GeneratedTexts, key: str, name: str) -> dict[str, Any]:
    """Returns the record's row for an answer that could not be read."""
    return {key: name, "dropped": "unreadable", "answer": result.answer}


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
