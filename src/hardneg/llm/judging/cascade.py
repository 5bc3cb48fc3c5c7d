"""The cascade: a cheap model first, a strong one for what the cheap one finds relevant or cannot decide.

Source: RLHN, arXiv 2505.16967, section 3: GPT-4o-mini judges all pairs, GPT-4o those that it finds relevant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hardneg.core.verdicts import Verdict
from hardneg.llm.budget import Cost
from hardneg.llm.client import NoAnswer
from hardneg.llm.judging.pairs import Pair
from hardneg.llm.judging.steps import Judgement, Step
from hardneg.llm.request_queue import Attempt


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
        """Returns the judgements of a pair.

        Raises:
            DataError: An endpoint refuses every request.
        """
        judgements: list[Judgement] = []
        try:
            for step in self._steps:
                judgements.append(await step.ask(pair, attempt))
                if judgements[-1].verdict == Verdict.NOT_RELEVANT:
                    break
        except NoAnswer as problem:
            return PairResult(pair, tuple(judgements), str(problem))
        return PairResult(pair, tuple(judgements))
