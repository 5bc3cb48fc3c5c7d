"""InfoNCE with a weight for each negative."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Loss, loss
from hardneg.training.scored_batch import ScoredBatch


@loss("infonce")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class InfoNce(Loss):
    """The cross-entropy of picking the positive among the batch's documents, each counted by its weight.

    `-log(e(p) / (e(p) + sum(w_n e(n))))` with `e(x) = exp(score / temperature)`. Known positives have no
    weight and suspected false negatives less, whichever query brought them into the batch.

    Attributes:
        temperature: Divisor of the scores; None for 0.05 with cosines, 1 with other scores.
        in_batch: Whether the documents of other queries are negatives too.

    Source: van den Oord et al., arXiv 1807.03748; as multiple negatives ranking, Henderson et al., arXiv
    1705.00652; probabilities as weights instead of a filter, as in RocketQAv2's denoising, arXiv 2110.07367.
    """

    temperature: float | None = Field(default=None, gt=0)
    in_batch: bool = True
    shorthand: ClassVar[str] = "temperature"

    def __call__(self, batch: ScoredBatch) -> Any:
        """Returns the loss, mean over queries."""
        return (batch if self.in_batch else batch.only_own()).cross_entropy(self.temperature)
