"""The cascade: a cheap model first, a strong one for what the cheap one finds relevant or cannot decide.

Source: RLHN, arXiv 2505.16967, section 3: GPT-4o-mini judges all pairs, GPT-4o those that it finds relevant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hardneg.core.verdicts import Verdict
from hardneg.llm.answer_store import Answer
from hardneg.llm.chat_model import ChatModel, Cost, Reply, Request
from hardneg.llm.client import NoAnswer
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
        """Returns the model's judgement of a pair; its answer is stored on disk before this returns."""
        return self._judgement(pair, await attempt.ask(self.model, self._request(pair)))

    def _judgement(self, pair: Pair, reply: Reply) -> Judgement:
        grade = read_grade(reply.answer.text, f"{pair.query}\n{pair.document}")
        return Judgement(
            self.model.name, reply.answer, grade, verdict(grade, self.relevant_from), reply.tokens
        )

    def _request(self, pair: Pair) -> Request:
        content = self.prompt.fill(query=pair.query, document=pair.document)
        return self.model.request([{"role": "user", "content": content}])


class PairResult(NamedTuple):
    """The judgements of one pair.

    Attributes:
        pair: The pair.
        judgements: One per model, in order; the last one counts if `problem` is None.
        problem: Why there is no final judgement; None if there is one.
    """

    pair: Pair
    judgements: tuple[Judgement, ...]
    problem: str | None = None


class Cascade:
    """Judges pairs.

    Args:
        steps: One model, or a cheap and a strong one.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps

    def highest_cost(self, pair: Pair) -> Cost:
        """Returns the most that a pair may cost, without stored answers."""
        cost = Cost()
        for step in self._steps:
            stored = step.stored(pair)
            if stored is None:
                cost = cost.plus(step.highest_cost(pair))
            elif stored.verdict == Verdict.NOT_RELEVANT:
                break
        return cost

    async def judge(self, pair: Pair, attempt: Attempt) -> PairResult:
        """Returns the judgements of a pair."""
        judgements: list[Judgement] = []
        try:
            for step in self._steps:
                judgements.append(await step.ask(pair, attempt))
                if judgements[-1].verdict == Verdict.NOT_RELEVANT:
                    break
        except NoAnswer as problem:
            return PairResult(pair, tuple(judgements), str(problem))
        return PairResult(pair, tuple(judgements))
