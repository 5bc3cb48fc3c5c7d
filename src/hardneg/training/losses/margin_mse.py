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

    It is the weighted mean over the own negatives of all queries. Those that the teacher did not
    score are left out.

    Attributes:
        scale: Factor that converts the teacher's margins to the student's unit.

    Source: Hofstätter et al., arXiv 2010.02666.
    """

    scale: float = Field(default=1.0, gt=0)
    shorthand: ClassVar[str] = "scale"
    margins: ClassVar[bool] = True

    def __call__(self, batch: ScoredBatch) -> Any:
        """Returns the loss; 0 for a batch of which the teacher scored nothing."""
        import torch

        teacher = self.scale * (batch.of_target(batch.teacher) - batch.teacher)
        used = batch.own & ~teacher.isnan()
        weight = torch.where(used, batch.weight, 0.0)
        if batch.loss_weight is not None:
            weight = weight * batch.loss_weight[:, None]
        student = batch.of_target(batch.scores) - batch.scores
        squares = (student - torch.where(used, teacher, 0.0)) ** 2
        return (weight * squares).sum() / weight.sum().clamp(min=1e-9)
