"""InfoNCE without the documents that a guide finds as relevant as the positive (GISTEmbed)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Loss, loss
from hardneg.core.errors import ConfigError
from hardneg.training.scored_batch import ScoredBatch


@loss("gist")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Gist(Loss):
    """InfoNCE over the documents that the guide scores below the positive by a margin.

    The guide is any ranker (`guide` in the training's settings), or without one the teacher's scores in the
    ledger, which know only the pairs that were looked at. Own negatives and those of other queries are
    masked alike; what the guide does not score stays.

    Attributes:
        margin: How far below the positive's score: absolute in the guide's unit, or a fraction of it.
        kind: `absolute`: kept if `g(n) <= g(p) - margin`; `relative`: if `g(n) <= g(p) - |g(p)| * margin`.
        temperature: What scores are divided by; None for 0.05 with cosines, 1 with other scores.

    Source: GISTEmbed, arXiv 2402.16829, with the margins of NV-Retriever, arXiv 2407.15831.
    """

    margin: float = Field(default=0.0, ge=0)
    kind: Literal["absolute", "relative"] = "absolute"
    temperature: float | None = Field(default=None, gt=0)
    shorthand: ClassVar[str] = "margin"

    def __call__(self, grid: ScoredBatch) -> Any:
        """Returns the loss.

        Raises:
            ConfigError: There is neither a guide nor any score of a teacher.
        """
        guide = grid.teacher if grid.guide is None else grid.guide
        if guide.isnan().all():
            raise ConfigError("loss gist needs scores: name a guide, as in --set guide=dense:MODEL")
        positive = grid.of_target(guide)
        far = positive.abs() * self.margin if self.kind == "relative" else self.margin
        return grid.weighted(~(guide > positive - far)).cross_entropy(self.temperature)
