"""Where work runs: in this process, or spread over a cluster. What is done is the same.

An engine module holds the engine's settings, a frozen dataclass that does the running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, Protocol, TypeVar

from hardneg.registry import Registry

Stage = Literal["encode", "search", "decide"]
"""The kinds of work that an engine is given: encoding shards, searching through them, deciding on queries."""

J = TypeVar("J")
R = TypeVar("R")


class Engine(Protocol):
    """Runs jobs."""

    @property
    def spreads(self) -> bool:
        """Whether jobs run in other processes, so that what opens a tool must be fit to be sent there."""

    def run(self, opener: Callable[[], Callable[[J], R]], jobs: Iterable[J], stage: Stage) -> Iterator[R]:
        """Yields what the jobs give, in any order.

        A job may run more than once, where a machine is lost or slow: it must not matter.

        Args:
            opener: Makes the tool that does the jobs: loads a model, builds an index. Called once a worker.
            jobs: Taken only as fast as they are done.
            stage: What kind of work it is.

        Raises:
            HardnegError: A job raised it, or the machines cannot be reached.
        """


ENGINES: Registry[Engine] = Registry("hardneg.engine", "engine", helpers=("crew",))
