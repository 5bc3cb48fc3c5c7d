"""Progress drawn with tqdm, as sentence-transformers draws it, and which it brings along."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hardneg.core.progress import Task


class Bars:
    """A `Progress` that draws one tqdm bar a stage."""

    @contextmanager
    def task(self, name: str, total: int | None, unit: str) -> Iterator[Task]:
        """Returns a context that draws one bar."""
        tqdm: Any = importlib.import_module("tqdm.auto").tqdm
        with tqdm(desc=name, total=total, unit=f" {unit}") as bar:
            yield _Bar(bar)


class _Bar:
    def __init__(self, drawn: Any) -> None:
        self._drawn = drawn

    def advance(self, steps: int = 1) -> None:
        """Moves the bar."""
        self._drawn.update(steps)
