"""Workers of a Ray cluster, one actor each, and how jobs are handed to them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hardneg.core.errors import ConfigError, HardnegError

_QUEUE_PER_WORKER = 2
_SHUTDOWN_TIMEOUT = 10.0


class Worker:
    """A process of the cluster; the opener, called at the first job, returns the function that does them."""

    def __init__(self, opener: Callable[[], Callable[[Any], Any]], folder: str) -> None:
        with suppress(OSError):
            os.chdir(folder)
        self._opener = opener
        self._tool: Callable[[Any], Any] | None = None

    def do(self, job: Any) -> Any:
        """Returns the result of a job, or the error that a user can mend."""
        try:
            self._tool = self._tool or self._opener()
            return self._tool(job)
        except HardnegError as error:
            return HardnegError(str(error))


@dataclass(eq=False)
class _Job:
    content: Any = None
    losses: int = 0


@dataclass(eq=False)
class _Member:
    actor: Any
    ready: bool = False
    load: int = 0


class WorkerPool:
    """Hands each job to a worker that is ready, and again to another one if that is lost.

    Ray restarts actors itself (`max_restarts`), but calls of an actor that has no room on the nodes left wait
    for ever, and `ray.util.ActorPool` does not say which job was lost with its actor. So actors are not
    restarted: a lost one is replaced where there is room.

    Args:
        ray: The library, connected.
        start: Starts an actor of `Worker` and returns its handle.
        room: Returns how many workers there may be at the moment.
        jobs: Taken as they are handed out.
        retries: How often a job, or the start of a worker, may fail.
    """

    def __init__(
        self, ray: Any, start: Callable[[], Any], room: Callable[[], int], jobs: Iterator[Any], retries: int
    ) -> None:
        self._ray, self._start, self._room, self._retries = ray, start, room, retries
        self._jobs = map(_Job, jobs)
        self._waiting: deque[_Job] = deque()
        self._members: list[_Member] = []
        self._calls: dict[Any, tuple[_Member, _Job]] = {}
        self._start_up = _Job()

    def results(self) -> Iterator[Any]:
        """Yields the result of each job once, in the order in which they are done."""
        try:
            while self._hand_out():
                [call], _ = self._ray.wait(list(self._calls), num_returns=1)
                member, job = self._calls.pop(call)
                member.load -= 1
                try:
                    result = self._ray.get(call)
                except self._ray.exceptions.RayTaskError:
                    raise
                except self._ray.exceptions.RayError as error:  # the worker, its node or its result is gone
                    self._replace(member, job, error)
                    continue
                if isinstance(result, HardnegError):
                    raise result
                if job is self._start_up:
                    member.ready, job.losses = True, 0
                else:
                    yield result
        finally:
            for member in self._members:
                self._ray.kill(member.actor)
            if self._calls:
                self._ray.wait(list(self._calls), num_returns=len(self._calls), timeout=_SHUTDOWN_TIMEOUT)

    def _hand_out(self) -> bool:
        """Hands out jobs, starts workers for those that are left, and returns whether any job is not done."""
        self._give(load=0)
        starting, room = sum(not member.ready for member in self._members), max(1, self._room())
        while len(self._members) < room and self._look_ahead(starting + 1):
            self._members.append(member := _Member(self._start()))
            self._call(member, self._start_up, member.actor.__ray_ready__.remote())
            starting += 1
        for load in range(1, 1 if starting else _QUEUE_PER_WORKER):
            self._give(load)
        return bool(self._waiting) or any(job is not self._start_up for _, job in self._calls.values())

    def _give(self, load: int) -> None:
        """Gives one more job to each worker that has `load` of them."""
        for member in self._members:
            if member.ready and member.load == load and self._look_ahead(1):
                job = self._waiting.popleft()
                self._call(member, job, member.actor.do.remote(job.content))

    def _look_ahead(self, count: int) -> bool:
        """Returns whether `count` jobs are waiting, after taking one more where that is needed."""
        if len(self._waiting) < count and (job := next(self._jobs, None)) is not None:
            self._waiting.append(job)
        return len(self._waiting) >= count

    def _call(self, member: _Member, job: _Job, call: Any) -> None:
        member.load += 1
        self._calls[call] = (member, job)

    def _replace(self, member: _Member, job: _Job, error: Exception) -> None:
        """Gives up a worker, and puts its job first in line."""
        if member in self._members:
            self._members.remove(member)
            self._ray.kill(member.actor)
        job.losses += 1
        if job.losses > self._retries:
            raise ConfigError(
                f"the Ray cluster lost a worker too often ({str(error).splitlines()[0]}); its logs say why, "
                "mostly too little memory; the same command continues where this one ended"
            )
        if job is not self._start_up:
            self._waiting.appendleft(job)
