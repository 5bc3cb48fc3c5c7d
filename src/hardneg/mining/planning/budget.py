"""Measuring within a budget of seconds: samples grow while there is time, and the rest is extrapolated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
Timer = Callable[[], float]

GROWTH = 4
"""How many times larger the next sample is."""


@dataclass(frozen=True)
class Line:
    """Seconds that grow with a number: `fixed + slope * number`, neither below 0."""

    fixed: float
    slope: float

    @classmethod
    def through(cls, few: tuple[float, float], many: tuple[float, float]) -> Line:
        """Returns the line through two measurements, each (number, seconds)."""
        if many[0] <= few[0]:
            return cls(0.0, many[1] / max(many[0], 1))
        slope = max((many[1] - few[1]) / (many[0] - few[0]), 0.0)
        return cls(max(many[1] - slope * many[0], 0.0), slope)

    def at(self, number: float) -> float:
        """Returns seconds."""
        return self.fixed + self.slope * number


@dataclass(frozen=True)
class Point(Generic[T]):
    """One measurement: the sample's size, the seconds it took, and what was made."""

    size: int
    seconds: float
    made: T


def grow(work: Callable[[int], T], sizes: Iterable[int], budget: float, timer: Timer) -> list[Point[T]]:
    """Returns measurements of growing samples.

    The first two are always made; each further one only if it is expected to end within the budget.

    Args:
        work: What is measured, given the size of a sample.
        sizes: Ascending.
        budget: Seconds for all of them.
        timer: Returns seconds, as `time.perf_counter`.
    """
    begin = timer()
    points: list[Point[T]] = []
    for size in sizes:
        start = timer()
        if len(points) > 1:
            line = Line.through(*((point.size, point.seconds) for point in points[-2:]))
            if start - begin + line.at(size) > budget:
                break
        made = work(size)
        points.append(Point(size, timer() - start, made))
    return points


def sizes(first: int, most: int) -> list[int]:
    """Returns sizes that grow up to `most`."""
    grown = [min(first, most)]
    while grown[-1] < most:
        grown.append(min(grown[-1] * GROWTH, most))
    return grown
