"""InfoNCE with higher weights for hard negatives."""

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
        strength: Steepness of the weights, in units of 1 / student score; 0 for equal weights.
        temperature: Divisor of the scores; None for 0.05 with cosines, 1 with other scores.

    Source: Robinson et al., Contrastive learning with hard negative samples, arXiv 2010.04592, equation 4.
    """

    strength: float = Field(default=5.0, ge=0)
    temperature: float | None = Field(default=None, gt=0)
    shorthand: ClassVar[str] = "strength"

    def __call__(self, batch: ScoredBatch) -> Any:
        """Returns the loss, mean over queries."""
        import torch

        negative = (batch.weight > 0) & ~batch.positive
        raised = (self.strength * batch.scores.detach()).masked_fill(~negative, float("-inf"))
        count = negative.sum(dim=1, keepdim=True).clamp(min=1)
        factors = torch.where(negative, torch.softmax(raised, dim=1).nan_to_num() * count, 0.0)
        return batch.weighted(factors).cross_entropy(self.temperature)
