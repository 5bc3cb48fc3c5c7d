"""The cascade: a cheap model first, a strong one for what the cheap one finds relevant or cannot decide.

Source: RLHN, arXiv 2505.16967, section 3: GPT-4o-mini looks at all pairs, GPT-4o at those that it doubts.
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


class Outcome(NamedTuple):
    """What came of one pair.

    Attributes:
        pair: The pair.
        said: What each model that was asked said, in order; the last word counts if `problem` is None.
        problem: Why there is no last word.
    """

    pair: Pair
    said: tuple[Judgement, ...]
    problem: str | None = None


class Cascade:
    """Judges pairs.

    Args:
        steps: One model, or a cheap and a strong one.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps

    def most(self, pair: Pair) -> Cost:
        """Returns the most that a pair may cost, less what is known of it."""
        cost = Cost()
        for step in self._steps:
            known = step.known(pair)
            if known is None:
                cost = cost.plus(step.most(pair))
            elif known.verdict == Verdict.NOT_RELEVANT:
                break
        return cost

    async def judge(self, pair: Pair, turn: Attempt) -> Outcome:
        """Returns what came of a pair.

        Raises:
            DataError: An endpoint refuses every request.
        """
        said: list[Judgement] = []
        try:
            for step in self._steps:
                said.append(await step.ask(pair, turn))
                if said[-1].verdict == Verdict.NOT_RELEVANT:
                    break
        except NoAnswer as problem:
            return Outcome(pair, tuple(said), str(problem))
        return Outcome(pair, tuple(said))
