"""Engines run jobs in this process or on a cluster, with the same results."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, Literal, TypeVar

from hardneg.core.registry import Component, Registry

Stage = Literal["encode", "search", "decide"]
"""Kinds of jobs: to encode a shard, to search a range of shards, to decide on a block of queries."""

J = TypeVar("J")
R = TypeVar("R")


class Engine(Component, ABC):
    """Runs jobs.

    Attributes:
        spreads: Whether jobs run in other processes: openers and jobs must be picklable then.
    """

    spreads: ClassVar[bool] = False

    @abstractmethod
    def run(self, opener: Callable[[], Callable[[J], R]], jobs: Iterable[J], stage: Stage) -> Iterator[R]:
        """Yields the results of the jobs, in any order.

        A job may run more than once, where a machine is lost: its result must be the same.

        Args:
            opener: Returns the function that does a job: loads a model, builds an index. Called once per
                worker.
            jobs: Taken lazily, as they are done.
            stage: The kind of the jobs.

        Raises:
            HardnegError: A job raised it, or the machines cannot be reached.
        """


ENGINES: Registry[Engine] = Registry("engine", Engine, "run", "hardneg.engines")
engine = ENGINES.register
