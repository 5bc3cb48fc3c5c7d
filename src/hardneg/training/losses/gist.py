"""InfoNCE without the documents that a guide scores as high as the positive (GISTEmbed)."""

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
    ledger, which cover only the pairs in it. Own negatives and those of other queries are masked alike;
    documents without a guide score stay.

    Attributes:
        margin: Least distance below the positive's score, in the guide's unit or as a fraction of that score.
        kind: `absolute`: kept if `g(n) <= g(p) - margin`; `relative`: if `g(n) <= g(p) - |g(p)| * margin`.
        temperature: Divisor of the scores; None for 0.05 with cosines, 1 with other scores.

    Source: GISTEmbed, arXiv 2402.16829, with the margins of NV-Retriever, arXiv 2407.15831.
    """

    margin: float = Field(default=0.0, ge=0)
    kind: Literal["absolute", "relative"] = "absolute"
    temperature: float | None = Field(default=None, gt=0)
    shorthand: ClassVar[str] = "margin"

    def __call__(self, batch: ScoredBatch) -> Any:
        """Returns the loss, mean over queries.

        Raises:
            ConfigError: There is neither a guide nor any score of a teacher.
        """
        guide = batch.teacher if batch.guide is None else batch.guide
        if guide.isnan().all():
            raise ConfigError("loss gist needs scores: name a guide, as in --set guide=dense:MODEL")
        positive = batch.of_target(guide)
        margin = positive.abs() * self.margin if self.kind == "relative" else self.margin
        return batch.weighted(~(guide > positive - margin)).cross_entropy(self.temperature)
