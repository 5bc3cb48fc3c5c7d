"""The cascade: a cheap model first, a strong one for what the cheap one finds relevant or cannot decide.

Source: RLHN, arXiv 2505.16967, section 3: GPT-4o-mini looks at all pairs, GPT-4o at those that it doubts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

from hardneg.errors import DataError
from hardneg.judge.budget import Budget, Cost
from hardneg.judge.client import Client, NoAnswer
from hardneg.judge.pairs import Pair
from hardneg.judge.steps import Said, Step
from hardneg.verdicts import Verdict

_FAILED_IN_A_ROW = 3  # pairs without an answer, after which the endpoint counts as down


class Outcome(NamedTuple):
    """What came of one pair.

    Attributes:
        pair: The pair.
        said: What each model that was asked said, in order; the last word counts if `problem` is None.
        problem: Why there is no last word.
    """

    pair: Pair
    said: tuple[Said, ...]
    problem: str | None = None


class Cascade:
    """Judges pairs, many at a time, and hands out what came of them in their order.

    Args:
        steps: One model, or a cheap and a strong one.
        budget: What may be spent.
        concurrency: Pairs at one time.
        timeout: Seconds that one request may take.
        retries: How often a request that failed is sent again.
    """

    def __init__(
        self, steps: Sequence[Step], budget: Budget, concurrency: int, timeout: float, retries: int
    ) -> None:
        self._steps, self._budget, self._concurrency = steps, budget, concurrency
        self._timeout, self._retries = timeout, retries
        self._clients: list[Client] = []
        self.stopped: str | None = None
        """The limit at which work stopped, as `max_requests`; None if it did not."""
        self.repeated = 0
        """How many requests were sent again."""

    async def run(self, pairs: Sequence[Pair], done: Callable[[Outcome], None]) -> None:
        """Judges pairs until all are done or the budget is.

        Args:
            pairs: In the order in which they are begun and handed out.
            done: Is given each outcome.

        Raises:
            DataError: The endpoint refuses every request, or several pairs in a row got no answer.
        """
        async with AsyncExitStack() as stack:
            self._clients = [await stack.enter_async_context(self._client(step)) for step in self._steps]
            running: set[asyncio.Task[Outcome]] = set()
            stack.push_async_callback(_cancel, running)
            await self._begin_all(pairs, running, _InOrder(done))

    async def _begin_all(
        self, pairs: Sequence[Pair], running: set[asyncio.Task[Outcome]], order: _InOrder
    ) -> None:
        for pair in pairs:
            cost = self._most(pair)
            while running and (len(running) >= self._concurrency or self._budget.lacks(cost)):
                await _wait(running, order)
            self.stopped = self.stopped or self._budget.lacks(cost)
            if self.stopped:
                break
            self._budget.reserve(cost)
            task = asyncio.create_task(self._judge(pair, cost))
            running.add(task)
            order.waiting.append(task)
        while running:
            await _wait(running, order)

    def _client(self, step: Step) -> Client:
        return Client(step.endpoint, self._timeout, self._retries, self._may_retry, self._concurrency)

    def _may_retry(self) -> bool:
        """Returns whether there is budget for one more request, and spends it."""
        lacking = self._budget.lacks(Cost(1))
        if lacking:
            self.stopped = lacking
            return False
        self._budget.settle(Cost(), Cost(1))
        self.repeated += 1
        return True

    def _most(self, pair: Pair) -> Cost:
        """Returns the most that a pair may cost, less what is known of it."""
        cost = Cost()
        for step in self._steps:
            known = step.known(pair)
            if known is None:
                cost = cost.plus(step.most(pair))
            elif known.verdict == Verdict.NOT_RELEVANT:
                break
        return cost

    async def _judge(self, pair: Pair, reserved: Cost) -> Outcome:
        said: list[Said] = []
        spent = Cost()
        try:
            for step, client in zip(self._steps, self._clients, strict=True):
                known = step.known(pair)
                if known is None:
                    spent = spent.plus(Cost(1))
                    known = await step.ask(client, pair)
                    spent = spent.plus(Cost(0, known.tokens or 0))
                said.append(known)
                if said[-1].verdict == Verdict.NOT_RELEVANT:
                    break
        except NoAnswer as problem:
            return Outcome(pair, tuple(said), str(problem))
        finally:
            self._budget.settle(reserved, spent)
        return Outcome(pair, tuple(said))


class _InOrder:
    """Hands out outcomes in the order in which pairs were begun."""

    def __init__(self, done: Callable[[Outcome], None]) -> None:
        self.waiting: deque[asyncio.Task[Outcome]] = deque()
        self._done = done
        self._failed = 0

    def hand_out(self) -> None:
        """Hands out all that nothing earlier is missing for."""
        while self.waiting and self.waiting[0].done() and not self.waiting[0].exception():
            self._done(self.waiting.popleft().result())

    def count(self, outcome: Outcome) -> None:
        """Counts failures as they come, whatever the order.

        Raises:
            DataError: Several pairs in a row got no answer.
        """
        if outcome.problem is not None:
            self._failed += 1
        elif any(said.tokens is not None for said in outcome.said):
            self._failed = 0
        if self._failed == _FAILED_IN_A_ROW:
            raise DataError(
                f"{self._failed} pairs in a row got no answer, the last one: {outcome.problem}; "
                "the same command goes on where this one ended"
            )


async def _wait(running: set[asyncio.Task[Outcome]], order: _InOrder) -> None:
    """Waits until something has ended, and hands out what can be.

    Raises:
        DataError: The endpoint refuses every request, or several pairs in a row got no answer.
    """
    ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    running -= ended
    order.hand_out()
    errors = [error for task in ended if (error := task.exception())]
    if errors:
        raise errors[0]
    for task in ended:
        order.count(task.result())


async def _cancel(running: set[asyncio.Task[Outcome]]) -> None:
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
