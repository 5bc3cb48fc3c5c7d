"""Workers of a cluster, and the handing out of jobs: never more than two waiting for a worker."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from hardneg.core.errors import ConfigError, HardnegError

_QUEUE_PER_WORKER = 2
_SLOW = 3
_POLL_SECONDS = 0.5
_SHUTDOWN_TIMEOUT = 10.0
_NONE: Final = object()


@dataclass(frozen=True)
class Refused:
    """An error that a user can mend, on its way back."""

    message: str


class Worker:
    """One process of the cluster, with a tool of its own.

    Args:
        folder: Where relative paths begin.
        threads: How many threads it may use.
    """

    def __init__(self, folder: str, threads: int) -> None:
        os.environ.setdefault("NUMBA_NUM_THREADS", str(threads))  # read when numba is first imported
        with suppress(OSError):
            os.chdir(folder)
        self._tool: Callable[[Any], Any] | None = None

    def do(self, given: tuple[Any, Any]) -> Any:
        """Returns what a job gives.

        Args:
            given: The reference to what opens the tool, and the job. The reference is no argument of the
                worker itself: what a worker needs to be begun again must not be in the object store.
        """
        import ray

        opener, job = given
        try:
            if self._tool is None:
                self._tool = ray.get(opener)()
            return self._tool(job)
        except HardnegError as error:
            return Refused(str(error))


@dataclass
class _Given:
    """A job that is not done yet."""

    job: Any
    begin: float
    workers: set[int] = field(default_factory=set)
    lost: int = 0


class WorkerPool:
    """Hands jobs to workers as they become free.

    Workers are hired when there is work for them. The cluster begins a lost one, and its jobs, again, where
    there is room; what it gives up goes to the next free worker. A job that stays away is given to an idle
    worker too (backup tasks: Dean and Ghemawat, OSDI 2004).

    Args:
        ray: The library, connected.
        hire: Begins a worker.
        most: How many workers there may be.
        jobs: Taken as they are handed out.
        patience: Seconds for which a job may stay away, at least.
        retries: How often a job may be lost together with its worker.
    """

    def __init__(
        self, ray: Any, hire: Callable[[], Any], most: int, jobs: Iterator[Any], patience: float, retries: int
    ) -> None:
        self._ray, self._hire, self._most = ray, hire, most
        self._patience, self._retries = patience, retries
        self._jobs: Iterator[Any] | None = jobs
        self._workers: dict[int, Any] = {}
        self._hired = 0
        self._line: list[int] = []
        self._calls: dict[Any, tuple[int, int]] = {}
        self._open: dict[int, _Given] = {}
        self._count = 0
        self._slowest = 0.0

    def results(self) -> Iterator[Any]:
        """Yields what each job gives, once, as it is done.

        Raises:
            HardnegError: A job raised it.
            ConfigError: Workers are lost again and again.
        """
        try:
            while True:
                self._hand_out()
                if not self._open:
                    return
                done, _ = self._ray.wait(list(self._calls), num_returns=1, timeout=_POLL_SECONDS)
                for call in done:
                    number, worker = self._calls.pop(call)
                    result = self._result(call, number, worker) if number in self._open else _NONE
                    if result is not _NONE:
                        begin = self._open.pop(number).begin
                        self._slowest = max(self._slowest, time.monotonic() - begin)
                        yield result
        finally:
            self._dismiss()

    def _dismiss(self) -> None:
        """Ends the workers, and waits until what they still had in hand is given up."""
        for handle in self._workers.values():
            self._ray.kill(handle)
        if self._calls:
            self._ray.wait(list(self._calls), num_returns=len(self._calls), timeout=_SHUTDOWN_TIMEOUT)

    def _result(self, call: Any, number: int, worker: int) -> Any:
        """Returns what a job gave, `_NONE` if it was lost and must be done again."""
        try:
            result = self._ray.get(call)
        except self._ray.exceptions.RayActorError as error:
            self._lost(number, worker, error)
            return _NONE
        if isinstance(result, Refused):
            raise HardnegError(result.message)
        return result

    def _lost(self, number: int, worker: int, error: Exception) -> None:
        """Dismisses a worker, and puts its job in the line unless another worker has it too."""
        if worker in self._workers:
            self._ray.kill(self._workers.pop(worker))
        self._open[number].lost += 1
        if self._open[number].lost > self._retries:
            raise ConfigError(
                f"the Ray cluster lost a worker too often ({str(error).splitlines()[0]}); its logs tell why, "
                "too little memory mostly; the same command goes on where this one ended"
            )
        if not any(number == other for other, _ in self._calls.values()):
            self._line.append(number)

    def _hand_out(self) -> None:
        while self._line or self._jobs is not None:
            worker = self._free()
            if worker is None:
                return
            number = self._line.pop(0) if self._line else self._next()
            if number is not None:
                self._give(number, worker)
        self._back_up()

    def _next(self) -> int | None:
        """Returns the number of the next job, None if there is none."""
        job = _NONE if self._jobs is None else next(self._jobs, _NONE)
        if job is _NONE:
            self._jobs = None
            return None
        self._count += 1
        self._open[self._count] = _Given(job, time.monotonic())
        return self._count

    def _free(self) -> int | None:
        """Returns the worker to give a job to, None if all have enough."""
        loads = self._loads()
        idle = min(loads, key=loads.__getitem__, default=None)
        if idle is not None and loads[idle] == 0:
            return idle
        if len(self._workers) < self._most:
            self._hired += 1
            self._workers[self._hired] = self._hire()
            return self._hired
        return idle if idle is not None and loads[idle] < _QUEUE_PER_WORKER else None

    def _loads(self) -> dict[int, int]:
        loads = dict.fromkeys(self._workers, 0)
        for _, worker in self._calls.values():
            if worker in loads:
                loads[worker] += 1
        return loads

    def _back_up(self) -> None:
        """Gives jobs that stay away to idle workers too."""
        late = time.monotonic() - max(self._patience, _SLOW * self._slowest)
        idle = [worker for worker, load in self._loads().items() if not load]
        for number, given in self._open.items():
            free = [worker for worker in idle if worker not in given.workers]
            if free and given.begin < late:
                idle.remove(free[0])
                self._give(number, free[0])

    def _give(self, number: int, worker: int) -> None:
        given = self._open[number]
        given.workers.add(worker)
        self._calls[self._workers[worker].do.remote(given.job)] = (number, worker)
