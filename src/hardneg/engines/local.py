"""Runs jobs in this process, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Engine, engine
from hardneg.core.components.engine import J, R, Stage


@engine("local")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Local(Engine):
    """Runs the jobs in this process, in their order."""

    spreads = False

    def run(self, opener: Callable[[], Callable[[J], R]], jobs: Iterable[J], stage: Stage) -> Iterator[R]:
        """Yields the results of the jobs, in order; see `Engine.run`."""
        tool = opener()
        for job in jobs:
            yield tool(job)
