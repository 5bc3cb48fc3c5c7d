"""Where work runs: in this process, or spread over a cluster. What is done is the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, Literal, TypeVar

from hardneg.core.registry import Component, Registry

Stage = Literal["encode", "search", "decide"]
"""The kinds of work that an engine is given: encoding shards, searching through them, deciding on queries."""

J = TypeVar("J")
R = TypeVar("R")


class Engine(Component, ABC):
    """Runs jobs.

    Attributes:
        spreads: Whether jobs run in other processes, so that openers and jobs must be picklable.
    """

    spreads: ClassVar[bool] = False

    @abstractmethod
    def run(self, opener: Callable[[], Callable[[J], R]], jobs: Iterable[J], stage: Stage) -> Iterator[R]:
        """Yields what the jobs give, in any order.

        A job may run more than once, where a machine is lost or slow: it must not matter.

        Args:
            opener: Makes the function that does the jobs: loads a model, builds an index. Called once
                a worker.
            jobs: Taken only as fast as they are done.
            stage: What kind of work it is.

        Raises:
            HardnegError: A job raised it, or the machines cannot be reached.
        """


ENGINES: Registry[Engine] = Registry("engine", Engine, "run", "hardneg.engines")
engine = ENGINES.register
