"""The settings of what becomes of wrong positives, as a recipe gives them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

from hardneg.core.components import POSITIVE_VALIDATORS, PositiveValidator
from hardneg.validators.positives.boilerplate import Boilerplate
from hardneg.validators.positives.too_short import TooShort

AnyValidator = Annotated[
    PositiveValidator, PlainValidator(POSITIVE_VALIDATORS.make), PlainSerializer(POSITIVE_VALIDATORS.describe)
]


class PositiveSettings(BaseModel):
    """How wrong positives are found, and what becomes of them.

    Attributes:
        estimate: Whether the share of wrong positives, and for each the probability, is estimated.
        action: `keep`: all stay, the probabilities stand in the ledger. `drop`: those above `max_p` are left
            out. `weight`: all stay, and weigh 1 less their probability.
        max_p: The highest probability of being wrong that `drop` keeps; 0.5 = 50 %.
        validators: Each as `too-short` or `{boilerplate: {queries: 50}}`.
        sample: Queries that the estimate is learned from, drawn at random.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    estimate: bool = True
    action: Literal["keep", "drop", "weight"] = "keep"
    max_p: float = Field(default=0.5, ge=0, le=1)
    validators: tuple[AnyValidator, ...] = (TooShort(), Boilerplate())
    sample: int = Field(default=4_096, ge=1)

    @property
    def names(self) -> tuple[str, ...]:
        """The validators' names, as the ledger's columns have them."""
        return tuple(POSITIVE_VALIDATORS.name_of(each).replace("-", "_") for each in self.validators)
