"""Keep a window of ranks (TopK-shifted)."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict, model_validator
from pydantic.dataclasses import dataclass

from hardneg.core.components import Rule, Threshold, rule
from hardneg.core.records import BoolArray, Candidates


@rule("window")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Window(Rule):
    """Keeps candidates ranked from `first` to `last`, both counted from 1 and both included.

    Skipping the first ranks avoids the likeliest false negatives. Ranks are those of the whole ranking,
    positives included, as in FlagEmbedding's `range_for_sampling`.

    Attributes:
        first: The first rank kept.
        last: The last rank kept; None for no end.
        by: The ranker whose ranks count; None for the order of the pool.

    Source: TopK-shifted, NV-Retriever (arXiv 2407.15831), section 3.
    """

    first: int = 1
    last: int | None = None
    by: str | None = None
    reads = "rank"
    threshold = Threshold("first", (1, 6, 11, 21, 31, 51, 81))
    shorthand = "first"
    label = {"en": "outside the ranks", "ru": "вне заданных мест"}
    meaning = {
        "en": "It stands outside the ranks that the recipe takes from.",
        "ru": "Он стоит вне мест, из которых берёт рецепт.",
    }

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if self.first < 1:
            raise ValueError(f"first counts from 1, found {self.first}")
        if self.last is not None and self.last < self.first:
            raise ValueError(f"last ({self.last}) is before first ({self.first})")
        return self

    def keep(self, candidates: Candidates) -> BoolArray:
        """Returns which candidates are in the window."""
        ranks = candidates.rank(self.by)
        return (ranks >= self.first) & (ranks <= (self.last or np.iinfo(np.int32).max))

    def useful_deeper(self, candidates: Candidates) -> BoolArray:
        """Returns whether the window reaches beyond the ranks retrieved."""
        end = np.inf if self.last is None else self.last
        return np.asarray(candidates.rank(self.by).max(axis=1, initial=0) < end)

    def needed_depth(self) -> int:
        """Returns the last rank: a window must be whole before anything is drawn from it."""
        return self.last or 0
