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
        temperature: Divisor of the student's scores; None for 0.05 with cosines, 1 with other scores.
        teacher_temperature: Divisor of the teacher's scores, in their unit.

    Source: Hinton et al., arXiv 1503.02531; for retrieval, RocketQAv2, arXiv 2110.07367, equation 5.
    """

    temperature: float | None = Field(default=None, gt=0)
    teacher_temperature: float = Field(default=0.05, gt=0)
    shorthand: ClassVar[str] = "teacher_temperature"

    def __call__(self, batch: ScoredBatch) -> Any:
        """Returns the loss; 0 for a batch of which the teacher scored nothing."""
        import torch

        scored = ~batch.teacher.isnan()
        used = scored & (batch.weight > 0) & (batch.own | batch.positive) & batch.of_target(scored)
        rows = used.sum(dim=1) > 1
        if not rows.any():
            return 0.0 * batch.scores.sum()
        used, masked = used[rows], float("-inf")
        teacher = (batch.teacher[rows] / self.teacher_temperature).masked_fill(~used, masked)
        student = batch.scores[rows] / (self.temperature or batch.temperature)
        logs = torch.log_softmax(student.masked_fill(~used, masked), dim=1)
        target = torch.log_softmax(teacher, dim=1)
        gap = torch.where(used, target - logs, 0.0)
        return batch.mean((target.exp() * gap).sum(dim=1), rows)
