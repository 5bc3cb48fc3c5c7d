"""InfoNCE that counts hard negatives more."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Loss, loss
from hardneg.training.scored_batch import ScoredBatch


@loss("hardness")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Hardness(Loss):
    """InfoNCE whose negatives count by `exp(strength * score)`, brought to a mean of 1 for each query.

    The factors multiply the weights, and no gradient flows through them.

    Attributes:
        strength: 0 counts all alike; in the student's unit.
        temperature: What scores are divided by; None for 0.05 with cosines, 1 with other scores.

    Source: Robinson et al., Contrastive learning with hard negative samples, arXiv 2010.04592, equation 4.
    """

    strength: float = Field(default=5.0, ge=0)
    temperature: float | None = Field(default=None, gt=0)
    shorthand: ClassVar[str] = "strength"

    def __call__(self, grid: ScoredBatch) -> Any:
        """Returns the loss."""
        import torch

        negative = (grid.weight > 0) & ~grid.positive
        raised = (self.strength * grid.scores.detach()).masked_fill(~negative, float("-inf"))
        count = negative.sum(dim=1, keepdim=True).clamp(min=1)
        factors = torch.where(negative, torch.softmax(raised, dim=1).nan_to_num() * count, 0.0)
        return grid.weighted(factors).cross_entropy(self.temperature)
