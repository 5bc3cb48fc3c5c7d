"""Rules say which candidates may be negatives; a draw says in which order they are taken."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from hardneg.core.records import BoolArray, Candidates, FloatArray
from hardneg.core.registry import Component, Registry, adapting, call_function

Priority = npt.NDArray[np.float64]
Reads = Literal["nothing", "rank", "score", "anchor", "probability"]


class Threshold(NamedTuple):
    """The setting of a rule that makes it stricter or more lenient.

    Attributes:
        setting: The field's name.
        steps: Values worth trying, from lenient to strict.
    """

    setting: str
    steps: tuple[float, ...]


class Rule(Component, ABC):
    """A predicate over a block of candidates; its name is the reason of what it drops.

    Attributes:
        reads: What it compares: `rank`, `score`, `anchor` (a score with the anchor score), `probability`, or
            `nothing` of these. A candidate that lacks the score is dropped with a reason of its own.
        implies_doubt: Whether a candidate that it drops is likelier relevant than others: training then
            never uses it as a negative of the query, in a batch either.
        threshold: The setting that an audit varies; None for none.
        relative: Whether a margin that it sets is a share of the anchor score, not in the ranker's unit.
        by: The ranker whose scores or ranks it reads; None for the selection's scorer.
    """

    reads: ClassVar[Reads] = "nothing"
    implies_doubt: ClassVar[bool] = False
    threshold: ClassVar[Threshold | None] = None
    relative: ClassVar[bool] = False
    by: str | None = None

    @abstractmethod
    def keep(self, candidates: Candidates) -> BoolArray:
        """Returns (n_queries, depth) bool: which candidates may become negatives. NaN scores may not."""

    def useful_deeper(self, candidates: Candidates) -> BoolArray:
        """Returns (n_queries,) bool: whether a document beyond the pool could still pass."""
        return np.ones(len(candidates.queries), bool)

    def needed_depth(self) -> int:
        """Returns how many ranks must be retrieved before anything is drawn; 0 for no such need."""
        return 0

    @property
    def highest_probability(self) -> float | None:
        """The highest probability of a false negative that it keeps, 0 to 1; None where it sets none."""
        if self.reads != "probability" or self.threshold is None:
            return None
        return float(getattr(self, self.threshold.setting))

    def fitted(self, expected_rate: Callable[[Self], float]) -> Self:
        """Returns the rule with what it learns from a sample of the queries; most rules learn nothing.

        Args:
            expected_rate: The mean probability of a false negative, 0 to 1, of the negatives that the
                sample's queries would have by a rule in place of this one; NaN where no probability is known.
        """
        return self


class Draw(Component, ABC):
    """An order in which allowed candidates become negatives, the first `negatives` of it chosen.

    Attributes:
        by: The ranker whose scores or ranks it reads; None for the selection's scorer.
    """

    by: str | None = None

    def for_count(self, negatives: int) -> Self:
        """Returns the draw for so many negatives per query; most draw the same for any number."""
        return self

    @abstractmethod
    def priority(self, candidates: Candidates, noise: FloatArray) -> Priority:
        """Returns (n_queries, depth) float64: the highest is drawn first; NaN is never drawn.

        Args:
            candidates: The block.
            noise: (n_queries, depth) float32, uniform in (0, 1), fixed by seed, query and document.
        """


def _keep(rule: Any, candidates: Candidates) -> BoolArray:
    kept = np.asarray(call_function(rule, candidates), bool)
    return np.broadcast_to(kept, candidates.shape) & (candidates.docs >= 0)


def _priority(draw: Any, candidates: Candidates, noise: FloatArray) -> Priority:
    return np.asarray(call_function(draw, candidates, noise), np.float64)


_rule_of, _draw_of = adapting(Rule, 1, keep=_keep), adapting(Draw, 2, priority=_priority)
RULES: Registry[Rule] = Registry("rule", Rule, "keep", "hardneg.selection.rules", _rule_of)
DRAWS: Registry[Draw] = Registry("draw", Draw, "priority", "hardneg.selection.draws", _draw_of)
rule, draw = RULES.register, DRAWS.register
