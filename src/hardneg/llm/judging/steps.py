"""One step of the cascade: what a model is asked about a pair, and what it answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hardneg.core.verdicts import Verdict
from hardneg.llm.answer_store import Answer
from hardneg.llm.budget import Cost
from hardneg.llm.chat_model import Model, Reply, Request
from hardneg.llm.judging.grades import read_grade, verdict
from hardneg.llm.judging.pairs import Pair
from hardneg.llm.prompt import Prompt
from hardneg.llm.request_queue import Attempt


class Judgement(NamedTuple):
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
    """A model, and how it is asked.

    Attributes:
        model: The model.
        prompt: The template.
        relevant_from: The least grade that counts as relevant.
    """

    model: Model
    prompt: Prompt
    relevant_from: int

    @property
    def judge(self) -> str:
        """The name under which its verdicts stand."""
        return f"llm:{self.model.name}"

    def known(self, pair: Pair) -> Judgement | None:
        """Returns what the model has said of a pair before, None if it was not asked."""
        answer = self.model.known(self._request(pair))
        return self._said(pair, Reply(answer, None)) if answer else None

    def most(self, pair: Pair) -> Cost:
        """Returns the most that asking once may cost."""
        return self.model.most(self._request(pair))

    async def ask(self, pair: Pair, turn: Attempt) -> Judgement:
        """Returns what the model says of a pair, which is on disk by then.

        Raises:
            NoAnswer: It says nothing.
            DataError: The endpoint refuses every request.
        """
        return self._said(pair, await turn.ask(self.model, self._request(pair)))

    def _said(self, pair: Pair, reply: Reply) -> Judgement:
        grade = read_grade(reply.answer.text, f"{pair.query}\n{pair.document}")
        return Judgement(
            self.model.name, reply.answer, grade, verdict(grade, self.relevant_from), reply.tokens
        )

    def _request(self, pair: Pair) -> Request:
        content = self.prompt.fill(query=pair.query, document=pair.document)
        return self.model.request([{"role": "user", "content": content}])
