"""Selection decides on every candidate: excluded, dropped by a rule, drawn as a negative, or surplus."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from hardneg.records import BoolArray, Candidates, FloatArray
from hardneg.registry import Registry

Priority = npt.NDArray[np.float64]


class Rule(Protocol):
    """A predicate over a block of candidates; the rule's module name is the reason of what it drops."""

    @property
    def by(self) -> str | None:
        """The ranker whose scores or ranks it reads; None for the selection's scorer."""

    reads: ClassVar[str]
    """What it compares: `rank`, `score`, `anchor` (a score with the anchor score) or `probability`."""

    def keep(self, candidates: Candidates) -> BoolArray:
        """Returns (n_queries, depth) bool: which candidates may become negatives. NaN scores may not."""

    def useful_deeper(self, candidates: Candidates) -> BoolArray:
        """Returns (n_queries,) bool: whether a document beyond the pool could still pass."""


class Draw(Protocol):
    """An order in which allowed candidates become negatives, the first `negatives` of it chosen."""

    @property
    def by(self) -> str | None:
        """The ranker whose scores or ranks it reads; None for the selection's scorer."""

    def priority(self, candidates: Candidates, noise: FloatArray) -> Priority:
        """Returns (n_queries, depth) float64: the highest is drawn first; NaN is never drawn.

        Args:
            candidates: The block.
            noise: (n_queries, depth) float32, uniform in (0, 1), fixed by seed, query and document.
        """


RULES: Registry[Rule] = Registry("hardneg.select.rules", "rule")
DRAWS: Registry[Draw] = Registry("hardneg.select.draws", "draw")
