"""The student's margins should be the teacher's (margin-MSE)."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Loss, loss
from hardneg.training.scored_batch import ScoredBatch


@loss("margin-mse")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class MarginMse(Loss):
    """The squared difference of `s(p) - s(n)` from `scale * (t(p) - t(n))`.

    It is the weighted mean over the own negatives. Negatives that the teacher did not score are left out.

    Attributes:
        scale: What brings the teacher's margins to the student's unit.

    Source: Hofstätter et al., arXiv 2010.02666.
    """

    scale: float = Field(default=1.0, gt=0)
    shorthand: ClassVar[str] = "scale"

    def __call__(self, grid: ScoredBatch) -> Any:
        """Returns the loss; 0 for a batch of which the teacher scored nothing."""
        import torch

        taught = self.scale * (grid.of_target(grid.teacher) - grid.teacher)
        known = grid.own & ~taught.isnan()
        weight = torch.where(known, grid.weight, 0.0)
        learned = grid.of_target(grid.scores) - grid.scores
        squares = (learned - torch.where(known, taught, 0.0)) ** 2
        return (weight * squares).sum() / weight.sum().clamp(min=1e-9)
