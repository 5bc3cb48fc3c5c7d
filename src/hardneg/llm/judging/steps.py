"""One step of the cascade: the request of a model for a pair, and its judgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hardneg.core.verdicts import Verdict
from hardneg.llm.answer_store import Answer
from hardneg.llm.budget import Cost
from hardneg.llm.chat_model import ChatModel, Reply, Request
from hardneg.llm.judging.grades import read_grade, verdict
from hardneg.llm.judging.pairs import Pair
from hardneg.llm.prompt import Prompt
from hardneg.llm.request_queue import Attempt


class Judgement(NamedTuple):
    """A model's judgement of one pair.

    Attributes:
        model: The model's name.
        answer: The full answer.
        grade: 0 to 3; None where the answer has none.
        verdict: The verdict of the grade.
        tokens: Tokens that this call paid for; None for a stored answer.
    """

    model: str
    answer: Answer
    grade: int | None
    verdict: Verdict
    tokens: int | None


@dataclass(frozen=True)
class Step:
    """A model with its prompt.

    Attributes:
        model: The model.
        prompt: The template.
        relevant_from: Least grade of relevant documents.
    """

    model: ChatModel
    prompt: Prompt
    relevant_from: int

    @property
    def judge(self) -> str:
        """The judge's name in its verdicts."""
        return f"llm:{self.model.name}"

    def stored(self, pair: Pair) -> Judgement | None:
        """Returns the judgement of a stored answer; None without one."""
        answer = self.model.stored(self._request(pair))
        return self._judgement(pair, Reply(answer, None)) if answer else None

    def highest_cost(self, pair: Pair) -> Cost:
        """Returns the most that one request may cost."""
        return self.model.highest_cost(self._request(pair))

    async def ask(self, pair: Pair, attempt: Attempt) -> Judgement:
        """Returns the model's judgement of a pair; its answer is stored on disk before this returns.

        Raises:
            NoAnswer: There is none.
            DataError: The endpoint refuses every request.
        """
        return self._judgement(pair, await attempt.ask(self.model, self._request(pair)))

    def _judgement(self, pair: Pair, reply: Reply) -> Judgement:
        grade = read_grade(reply.answer.text, f"{pair.query}\n{pair.document}")
        return Judgement(
            self.model.name, reply.answer, grade, verdict(grade, self.relevant_from), reply.tokens
        )

    def _request(self, pair: Pair) -> Request:
        content = self.prompt.fill(query=pair.query, document=pair.document)
        return self.model.request([{"role": "user", "content": content}])
