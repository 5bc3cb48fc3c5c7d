"""A late-interaction model scores the candidate as high as the positive."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import RANKERS, Context, OpenedValidator, Validator, validator
from hardneg.core.records import BoolArray, Collection, FloatArray
from hardneg.validators._common import PairEvidence, Rankers, near_positive


@validator("late")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Late(Validator):
    """Scores the first candidates of every query, and its positives, by MaxSim, as the ranker `late` does.

    Attributes:
        model: A hub id or a folder.
        depth: Ranks of the pool that it reads.
        margin: The greatest distance below the positive's score that is suspicious.
        relative_margin: The same as a fraction of the positive's score.
        only_chosen: Whether it reads only candidates that would be chosen, besides the positives and the
            queries that are learned from: fewer pairs, and what is rejected unread stays so.
        precision: Number format of the transformer; `auto` for the fastest of the device.
        device: As torch names it; None for the fastest.

    Source: ColBERT, arXiv 2004.12832.
    """

    model: str
    depth: int = Field(default=30, ge=1)
    margin: float = 0.0
    relative_margin: float = 0.0
    only_chosen: bool = False
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    device: str | None = None
    kind = "score"
    weight = 1.5
    shorthand = "model"
    label = {"en": "Late interaction", "ru": "Позднее взаимодействие"}
    meaning = {
        "en": "Candidates that a late-interaction model scores as high as the positive.",
        "ru": "Кандидаты, которых модель позднего взаимодействия оценивает не ниже релевантного.",
    }

    def check_installed(self) -> None:
        """Checks that what loads the model is installed."""
        RANKERS.make({"late": {"model": self.model}}).check_installed()

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator, its model loaded."""
        own = {"model": self.model, "precision": self.precision, "device": self.device}
        ranker = RANKERS.make({"late": own}).open(collection, context)
        return PairEvidence(ranker, collection, self.depth)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what scores as high as the weakest positive less the margins."""
        return near_positive(evidence, positive, self.margin, self.relative_margin)
