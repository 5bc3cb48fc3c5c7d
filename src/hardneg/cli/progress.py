"""Progress for people: bars on a terminal, lines in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rich import progress as bars

from hardneg.cli.terminal import Terminal, echo
from hardneg.core.display import printable
from hardneg.core.progress import Task

_LONGEST = 80  # characters of a stage
_WORTH = 1.0  # seconds of a stage that counts nothing, from which on its end is a line


class Bars:
    """A `Progress` drawn on standard error: done, total, rate and time left of each stage."""

    def __init__(self) -> None:
        self._bars = bars.Progress(
            bars.TextColumn("{task.description}", markup=False),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TextColumn("{task.fields[rate]}", markup=False),
            bars.TimeElapsedColumn(),
            bars.TimeRemainingColumn(),
            console=Terminal(stderr=True),
        )

    def __enter__(self) -> Bars:
        """Draws nothing yet: a run that fails at once draws no bars."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stops drawing."""
        if self._bars.tasks:
            self._bars.stop()

    @contextmanager
    def task(self, name: str, total: int | None, unit: str) -> Iterator[Task]:
        """Returns a context that draws one bar; a stage that comes again goes on in its first one."""
        self._bars.start()
        shown = printable(name, _LONGEST)
        earlier = next((task for task in self._bars.tasks if task.description == shown), None)
        if earlier is None:
            number = self._bars.add_task(shown, total=total, rate=unit)
        else:
            number = earlier.id
            if total is not None and earlier.total is not None:
                self._bars.update(number, total=earlier.total + total)
        yield _Bar(self._bars, number, unit)
        if total is None:
            self._bars.update(number, total=1, completed=1)


class Lines:
    """A `Progress` for logs: a line when a stage ends, and every so often while one runs."""

    def __init__(self, seconds: float = 30.0) -> None:
        self._seconds, self._ended = seconds, Event()
        self._stages: list[_Stage] = []
        self._reporter = Thread(target=self._report, daemon=True)

    def __enter__(self) -> Lines:
        """Begins to look at the clock."""
        self._reporter.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Prints nothing any more."""
        self._ended.set()
        self._reporter.join()

    @contextmanager
    def task(self, name: str, total: int | None, unit: str) -> Iterator[Task]:
        """Returns a context whose progress is printed."""
        stage = _Stage(printable(name, _LONGEST), total, unit)
        self._stages.append(stage)
        try:
            yield stage
            if stage.worth_a_line:
                echo(stage.line(done=True), err=True)
        finally:
            self._stages.remove(stage)

    def _report(self) -> None:
        while not self._ended.wait(self._seconds):
            for stage in list(self._stages):
                echo(stage.line(), err=True)


class _Stage:
    """One running stage of `Lines`."""

    def __init__(self, name: str, total: int | None, unit: str) -> None:
        self._name, self._total, self._unit = name, total, unit
        self._begin, self._done = time.monotonic(), 0

    def advance(self, steps: int = 1) -> None:
        """Counts what is done."""
        self._done += steps

    @property
    def worth_a_line(self) -> bool:
        """Whether it counted anything, or took a second."""
        return self._done > 0 or time.monotonic() - self._begin >= _WORTH

    def line(self, done: bool = False) -> str:
        """Returns how far the stage is, its rate and the time left; how long it took, if it is done."""
        seconds, total = time.monotonic() - self._begin, self._total
        if done:
            count = f"{self._done:,} {self._unit} in " if self._done else ""
            return f"{self._name}: {count}{duration(seconds)}"
        if total is None or not self._done:
            return f"{self._name}: {duration(seconds)} so far"
        left = duration(seconds / self._done * max(total - self._done, 0))
        speed = _speed(self._done / max(seconds, 1e-9), self._unit)
        share = f"{self._done:,} of {total:,} {self._unit} ({self._done / max(total, 1):.0%})"
        return f"{self._name}: {share}, {speed}, {left} left"


class _Bar:
    def __init__(self, progress: bars.Progress, task: bars.TaskID, unit: str) -> None:
        self._progress, self._task, self._unit = progress, task, unit

    def advance(self, steps: int = 1) -> None:
        """Advances the bar and updates the rate beside it."""
        self._progress.advance(self._task, steps)
        speed = self._progress.tasks[self._task].speed
        if speed:
            self._progress.update(self._task, rate=_speed(speed, self._unit))


def _speed(speed: float, unit: str) -> str:
    return f"{speed:,.0f} {unit}/s" if speed >= 1 else f"{1 / speed:,.0f} s each"


def duration(seconds: float) -> str:
    """Returns a time in seconds, minutes or hours."""
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.1f} min" if seconds < 7_200 else f"{seconds / 3_600:,.1f} h"
