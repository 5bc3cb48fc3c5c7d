"""A queue of jobs that send requests: several at a time, within a budget, results in order."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Generic, Protocol, TypeVar

from hardneg.core.errors import DataError
from hardneg.endpoints.chat_model import Cost, Reply
from hardneg.endpoints.client import Client
from hardneg.endpoints.endpoint import Endpoint
from hardneg.endpoints.settings import Limits

_FAILED_IN_A_ROW = 3  # jobs without an answer after which the endpoint counts as down


class Model(Protocol):
    """A model behind an endpoint."""

    @property
    def name(self) -> str:
        """Its name, which no other model has."""

    @property
    def endpoint(self) -> Endpoint:
        """Where it is served."""

    def stored(self, request: Any) -> Any:
        """Returns the stored answer to a request; None without one."""

    async def ask(self, client: Client, request: Any) -> Reply:
        """Returns the answer to a request."""


class JobResult(Protocol):
    """The result of one job."""

    @property
    def problem(self) -> str | None:
        """Why there is no answer; None if there is one."""


T = TypeVar("T")
R = TypeVar("R", bound=JobResult)


class Budget:
    """Counts what was spent and what pending requests may still cost.

    Jobs come in order and each reserves the most that it may cost. One that does not fit waits for those
    before it, so the speed of answers does not change which jobs are done.
    """

    def __init__(self, max_requests: int | None, max_tokens: int | None) -> None:
        self._most = Cost(*(-1 if most is None else most for most in (max_requests, max_tokens)))
        self.spent = Cost()
        self._reserved = Cost()

    def lacks(self, cost: Cost) -> str | None:
        """Returns the limit that a cost would exceed, as `max_requests`; None if it fits."""
        after = self.spent.plus(self._reserved).plus(cost)
        for name, most in zip(Cost._fields, self._most, strict=True):
            if 0 <= most < getattr(after, name) and getattr(cost, name):
                return f"max_{name}"
        return None

    def reserve(self, cost: Cost) -> None:
        """Reserves a cost."""
        self._reserved = self._reserved.plus(cost)

    def settle(self, reserved: Cost, spent: Cost) -> None:
        """Frees a reservation and counts what was spent."""
        self._reserved = self._reserved.minus(reserved)
        self.spent = self.spent.plus(spent)


class Attempt:
    """The requests of one job: stored answers cost nothing, all others are counted."""

    def __init__(self, clients: dict[str, Client]) -> None:
        self._clients = clients
        self.spent = Cost()
        self.paid = False
        """Whether an answer was paid for."""

    async def ask(self, model: Model, request: Any) -> Reply:
        """Returns a model's answer."""
        stored = model.stored(request)
        if stored is not None:
            return Reply(stored, None)
        self.spent = self.spent.plus(Cost(1))
        reply = await model.ask(self._clients[model.name], request)
        self.spent = self.spent.plus(Cost(0, reply.tokens or 0))
        self.paid = True
        return reply


class RequestQueue(Generic[T, R]):
    """Runs jobs that ask models of distinct names.

    Args:
        models: The models.
        settings: Concurrency and limits.
        unit: Plural noun of the jobs, as in `pairs`.
        highest_cost: Returns the most that a job may cost, without stored answers.
        work: Runs one job; a `NoAnswer` becomes the result's problem.
        budget: What several queues may spend together; None for one of its own.
    """

    def __init__(
        self,
        models: Sequence[Model],
        settings: Limits,
        unit: str,
        highest_cost: Callable[[T], Cost],
        work: Callable[[T, Attempt], Awaitable[R]],
        budget: Budget | None = None,
    ) -> None:
        self._models, self._settings, self._unit = models, settings, unit
        self._highest_cost, self._work = highest_cost, work
        self._budget = budget or Budget(settings.max_requests, settings.max_tokens)
        self._clients: dict[str, Client] = {}
        self._running: set[asyncio.Task[R]] = set()
        self._in_order: deque[asyncio.Task[R]] = deque()
        self._stopped: str | None = None
        self._down: DataError | None = None
        self._repeated = self._failed = 0

    def run(self, jobs: Iterable[T], done: Callable[[R], None]) -> None:
        """Runs jobs until all are done or the budget is spent; `done` receives the results in their order.

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

    async def _run(self, jobs: Iterable[T], done: Callable[[R], None]) -> None:
        async with AsyncExitStack() as stack:
            for model in self._models:
                self._clients[model.name] = await stack.enter_async_context(self._client(model))
            stack.push_async_callback(self._cancel)
            for job in jobs:
                cost = self._highest_cost(job)
                while self._running and (self._is_full() or self._budget.lacks(cost)):
                    await self._wait(done)
                self._stopped = self._stopped or self._budget.lacks(cost)
                if self._stopped:
                    break
                self._budget.reserve(cost)
                task = asyncio.create_task(self._do(job, cost))
                self._running.add(task)
                self._in_order.append(task)
            while self._running:
                await self._wait(done)

    def _is_full(self) -> bool:
        return len(self._running) >= self._settings.concurrency

    async def _do(self, job: T, reserved: Cost) -> R:
        attempt = Attempt(self._clients)
        try:
            result = await self._work(job, attempt)
            self._count_failures(result, attempt)
            return result
        finally:
            self._budget.settle(reserved, attempt.spent)

    def _count_failures(self, result: R, attempt: Attempt) -> None:
        """Counts failures in the order of their time; with several in a row, the endpoint is down."""
        if result.problem is not None:
            self._failed += 1
        elif attempt.paid:
            self._failed = 0
        if self._failed == _FAILED_IN_A_ROW:
            self._down = DataError(
                f"{self._endpoints()}: {self._failed} {self._unit} in a row failed, the last one: "
                f"{result.problem}; earlier answers are kept, the same command resumes"
            )

    async def _wait(self, done: Callable[[R], None]) -> None:
        """Waits until a job has ended, and passes on all results that no earlier job is missing for."""
        ended, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        self._running -= ended
        errors = [error for task in self._in_order if task in ended and (error := task.exception())]
        while self._in_order and self._in_order[0].done() and not self._in_order[0].exception():
            done(self._in_order.popleft().result())
        if errors:
            raise errors[0]
        if self._down:
            raise self._down

    def _endpoints(self) -> str:
        return ", ".join(dict.fromkeys(model.endpoint.url for model in self._models))

    async def _cancel(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _client(self, model: Model) -> Client:
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


def _in_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a coroutine to its end, in another thread where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work())
        return
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()
