"""The student's distribution over a query's documents should be the teacher's (KL distillation)."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Loss, loss
from hardneg.training.scored_batch import ScoredBatch


@loss("kl")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Kl(Loss):
    """The divergence of the student's softmax from the teacher's, over the positive and the own negatives.

    Documents that the teacher did not score, or of weight 0, are left out; queries whose positive it did
    not score are, too.

    Attributes:
        temperature: What the student's scores are divided by; None for 0.05 with cosines, 1 with others.
        teacher_temperature: What the teacher's scores are divided by, in its unit.

    Source: Hinton et al., arXiv 1503.02531; for retrieval, RocketQAv2, arXiv 2110.07367, equation 5.
    """

    temperature: float | None = Field(default=None, gt=0)
    teacher_temperature: float = Field(default=0.05, gt=0)
    shorthand: ClassVar[str] = "teacher_temperature"

    def __call__(self, grid: ScoredBatch) -> Any:
        """Returns the loss; 0 for a batch of which the teacher scored nothing."""
        import torch

        scored = ~grid.teacher.isnan()
        known = scored & (grid.weight > 0) & (grid.own | grid.positive) & grid.of_target(scored)
        rows = known.sum(dim=1) > 1
        if not rows.any():
            return 0.0 * grid.scores.sum()
        known, masked = known[rows], float("-inf")
        taught = (grid.teacher[rows] / self.teacher_temperature).masked_fill(~known, masked)
        learned = grid.scores[rows] / (self.temperature or grid.temperature)
        logs = torch.log_softmax(learned.masked_fill(~known, masked), dim=1)
        target = torch.log_softmax(taught, dim=1)
        gap = torch.where(known, target - logs, 0.0)
        return (target.exp() * gap).sum(dim=1).mean()
