"""A queue of jobs that send requests: several at a time, within a budget, results in order."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, Generic, Protocol, TypeVar

from hardneg.core.errors import DataError
from hardneg.llm.budget import Budget, Cost
from hardneg.llm.chat_model import ChatModel, Reply, Request
from hardneg.llm.client import Client
from hardneg.llm.endpoint_settings import EndpointSettings

_FAILED_IN_A_ROW = 3  # jobs without an answer after which the endpoint counts as down


class JobResult(Protocol):
    """The result of one job."""

    @property
    def problem(self) -> str | None:
        """Why there is no answer; None if there is one."""


T = TypeVar("T")
R = TypeVar("R", bound=JobResult)


class Attempt:
    """The requests of one job: stored answers cost nothing, all others are counted.

    Args:
        clients: Clients by the models' names.
    """

    def __init__(self, clients: dict[str, Client]) -> None:
        self._clients = clients
        self.spent = Cost()
        self.paid = False
        """Whether an answer was paid for."""

    async def ask(self, model: ChatModel, request: Request) -> Reply:
        """Returns a model's answer.

        Raises:
            NoAnswer: There is none.
            DataError: The endpoint refuses every request.
        """
        stored = model.stored(request)
        if stored is not None:
            return Reply(stored, None)
        self.spent = self.spent.plus(Cost(1))
        reply = await model.ask(self._clients[model.name], request)
        self.spent = self.spent.plus(Cost(0, reply.tokens or 0))
        self.paid = True
        return reply


class RequestQueue(Generic[T, R]):
    """Runs jobs.

    Args:
        models: The models, each with a distinct name.
        settings: Concurrency and limits.
        unit: Plural noun of the jobs, as in `pairs`.
        highest_cost: Returns the most that a job may cost, without stored answers.
        work: Runs one job; a `NoAnswer` becomes the result's problem.
    """

    def __init__(
        self,
        models: Sequence[ChatModel],
        settings: EndpointSettings,
        unit: str,
        highest_cost: Callable[[T], Cost],
        work: Callable[[T, Attempt], Awaitable[R]],
    ) -> None:
        self._models, self._settings, self._unit = models, settings, unit
        self._highest_cost, self._work = highest_cost, work
        self._budget = Budget(settings.max_requests, settings.max_tokens)
        self._clients: dict[str, Client] = {}
        self._stopped: str | None = None
        self._repeated = 0

    def run(self, jobs: Sequence[T], done: Callable[[R], None]) -> None:
        """Runs jobs until all are done or the budget is spent.

        Args:
            jobs: The jobs, in the order of their start and of their results.
            done: Receives each result.

        Raises:
            DataError: The endpoint refuses every request, or several jobs in a row got no answer.
        """
        _in_loop(lambda: self._run(jobs, done))

    def spending(self) -> dict[str, Any]:
        """Returns the limit that `stopped` the jobs, as `max_requests`, or None; and the costs."""
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
            await self._start_all(jobs, running, _InOrder(done, self._unit))

    async def _start_all(self, jobs: Sequence[T], running: set[asyncio.Task[R]], order: _InOrder[R]) -> None:
        for job in jobs:
            cost = self._highest_cost(job)
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
        attempt = Attempt(self._clients)
        try:
            result = await self._work(job, attempt)
            order.count(result, attempt)
            return result
        finally:
            self._budget.settle(reserved, attempt.spent)

    def _client(self, model: ChatModel) -> Client:
        chosen = self._settings
        return Client(model.endpoint, chosen.timeout, chosen.retries, self._may_retry, chosen.concurrency)

    def _may_retry(self) -> bool:
        """Returns whether the budget has one more request, and counts it."""
        lacking = self._budget.lacks(Cost(1))
        if lacking:
            self._stopped = lacking
            return False
        self._budget.settle(Cost(), Cost(1))
        self._repeated += 1
        return True


class _InOrder(Generic[R]):
    """Passes on results in the order in which jobs were started."""

    def __init__(self, done: Callable[[R], None], unit: str) -> None:
        self.waiting: deque[asyncio.Task[R]] = deque()
        self._done, self._unit = done, unit
        self._failed = 0
        self.down: DataError | None = None
        """Set when several jobs in a row, as they end, got no answer."""

    def pass_on(self) -> None:
        """Passes on all results that no earlier job is missing for."""
        while self.waiting and self.waiting[0].done() and not self.waiting[0].exception():
            self._done(self.waiting.popleft().result())

    def count(self, result: R, attempt: Attempt) -> None:
        """Counts failures in the order of their time."""
        if result.problem is not None:
            self._failed += 1
        elif attempt.paid:
            self._failed = 0
        if self._failed == _FAILED_IN_A_ROW:
            self.down = DataError(
                f"{self._failed} {self._unit} in a row got no answer, the last one: {result.problem}; "
                "run the same command again to resume"
            )


async def _wait(running: set[asyncio.Task[R]], order: _InOrder[R]) -> None:
    """Waits until a job has ended, and passes on results.

    Raises:
        DataError: The endpoint refuses every request, or several jobs in a row got no answer.
    """
    ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    running -= ended
    order.pass_on()
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
    """Runs a coroutine to its end, in another thread where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work())
        return
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()
