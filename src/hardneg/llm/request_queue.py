"""Jobs that ask models: many at a time, within a budget, their outcomes handed out in order."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, Generic, Protocol, TypeVar

from hardneg.core.errors import DataError
from hardneg.llm.budget import Budget, Cost
from hardneg.llm.chat_model import Model, Reply, Request
from hardneg.llm.client import Client
from hardneg.llm.endpoint_settings import EndpointSettings

_FAILED_IN_A_ROW = 3  # jobs without an answer, after which the endpoint counts as down


class Outcome(Protocol):
    """What came of one job."""

    @property
    def problem(self) -> str | None:
        """Why there is no answer, None if there is one."""


T = TypeVar("T")
R = TypeVar("R", bound=Outcome)


class Attempt:
    """One job's turn to ask: what was answered before costs nothing, all else is counted.

    Args:
        clients: By the models' names.
    """

    def __init__(self, clients: dict[str, Client]) -> None:
        self._clients = clients
        self.spent = Cost()
        self.answered = False
        """Whether an answer was paid for."""

    async def ask(self, model: Model, request: Request) -> Reply:
        """Returns a model's answer.

        Raises:
            NoAnswer: It says nothing.
            DataError: The endpoint refuses every request.
        """
        known = model.known(request)
        if known is not None:
            return Reply(known, None)
        self.spent = self.spent.plus(Cost(1))
        reply = await model.ask(self._clients[model.name], request)
        self.spent = self.spent.plus(Cost(0, reply.tokens or 0))
        self.answered = True
        return reply


class Queue(Generic[T, R]):
    """Does jobs.

    Args:
        models: Who will be asked, each by a name of its own.
        settings: How many at a time, and within which limits.
        unit: What the jobs are called, as in `pairs`.
        most: Returns the most that a job may cost, less what is known of it.
        work: Does one job; a `NoAnswer` becomes the outcome's problem.
    """

    def __init__(
        self,
        models: Sequence[Model],
        settings: EndpointSettings,
        unit: str,
        most: Callable[[T], Cost],
        work: Callable[[T, Attempt], Awaitable[R]],
    ) -> None:
        self._models, self._settings, self._unit = models, settings, unit
        self._most, self._work = most, work
        self._budget = Budget(settings.max_requests, settings.max_tokens)
        self._clients: dict[str, Client] = {}
        self._stopped: str | None = None
        self._repeated = 0

    def run(self, jobs: Sequence[T], done: Callable[[R], None]) -> None:
        """Does jobs until all are done or the budget is.

        Args:
            jobs: In the order in which they are begun and handed out.
            done: Is given each outcome.

        Raises:
            DataError: The endpoint refuses every request, or several jobs in a row got no answer.
        """
        _in_loop(lambda: self._run(jobs, done))

    def spending(self) -> dict[str, Any]:
        """Returns the limit at which work `stopped`, as `max_requests`, None if it did not; and the costs."""
        spent = self._budget.spent
        return {
            "stopped": self._stopped,
            "requests": spent.requests,
            "repeated": self._repeated,
            "tokens": spent.tokens,
        }

    async def _run(self, jobs: Sequence[T], done: Callable[[R], None]) -> None:
        async with AsyncExitStack() as stack:
            for model in self._models:
                self._clients[model.name] = await stack.enter_async_context(self._client(model))
            running: set[asyncio.Task[R]] = set()
            stack.push_async_callback(_cancel, running)
            await self._begin_all(jobs, running, _InOrder(done, self._unit))

    async def _begin_all(self, jobs: Sequence[T], running: set[asyncio.Task[R]], order: _InOrder[R]) -> None:
        for job in jobs:
            cost = self._most(job)
            while running and (len(running) >= self._settings.concurrency or self._budget.lacks(cost)):
                await _wait(running, order)
            self._stopped = self._stopped or self._budget.lacks(cost)
            if self._stopped:
                break
            self._budget.reserve(cost)
            task = asyncio.create_task(self._do(job, cost, order))
            running.add(task)
            order.waiting.append(task)
        while running:
            await _wait(running, order)

    async def _do(self, job: T, reserved: Cost, order: _InOrder[R]) -> R:
        turn = Attempt(self._clients)
        try:
            outcome = await self._work(job, turn)
            order.count(outcome, turn)
            return outcome
        finally:
            self._budget.settle(reserved, turn.spent)

    def _client(self, model: Model) -> Client:
        chosen = self._settings
        return Client(model.endpoint, chosen.timeout, chosen.retries, self._may_retry, chosen.concurrency)

    def _may_retry(self) -> bool:
        """Returns whether there is budget for one more request, and spends it."""
        lacking = self._budget.lacks(Cost(1))
        if lacking:
            self._stopped = lacking
            return False
        self._budget.settle(Cost(), Cost(1))
        self._repeated += 1
        return True


class _InOrder(Generic[R]):
    """Hands out outcomes in the order in which jobs were begun."""

    def __init__(self, done: Callable[[R], None], unit: str) -> None:
        self.waiting: deque[asyncio.Task[R]] = deque()
        self._done, self._unit = done, unit
        self._failed = 0
        self.down: DataError | None = None
        """Set when several jobs in a row, as they end, got no answer."""

    def hand_out(self) -> None:
        """Hands out all that nothing earlier is missing for."""
        while self.waiting and self.waiting[0].done() and not self.waiting[0].exception():
            self._done(self.waiting.popleft().result())

    def count(self, outcome: R, turn: Attempt) -> None:
        """Counts failures as they come, whatever the order."""
        if outcome.problem is not None:
            self._failed += 1
        elif turn.answered:
            self._failed = 0
        if self._failed == _FAILED_IN_A_ROW:
            self.down = DataError(
                f"{self._failed} {self._unit} in a row got no answer, the last one: {outcome.problem}; "
                "the same command goes on where this one ended"
            )


async def _wait(running: set[asyncio.Task[R]], order: _InOrder[R]) -> None:
    """Waits until something has ended, and hands out what can be.

    Raises:
        DataError: The endpoint refuses every request, or several jobs in a row got no answer.
    """
    ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    running -= ended
    order.hand_out()
    errors = [error for task in ended if (error := task.exception())]
    if errors:
        raise errors[0]
    if order.down:
        raise order.down


async def _cancel(running: set[asyncio.Task[Any]]) -> None:
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _in_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a coroutine to its end; in a thread of its own where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work())
        return
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()
