"""The settings of validation, as a recipe gives them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

from hardneg.core.components import VALIDATORS, Validator

AnyValidator = Annotated[Validator, PlainValidator(VALIDATORS.make), PlainSerializer(VALIDATORS.describe)]


class ValidateSettings(BaseModel):
    """Which validators look for false negatives, and what follows from their evidence.

    What is dropped is a matter of `select.rules`: `suspected-false-negative` reads the probability.

    Attributes:
        validators: Each as `similar-to-positive`, `cross-encoder:MODEL` or `{cross-encoder: {...}}`.
        calibrate: Whether the probability of a false negative is estimated.
        labels: `complete` where every relevant document is labelled: then nothing without a label is
            suspected but copies of positives and what verdicts find relevant. Otherwise `incomplete`.
        negatives_are_judged: Whether a document with a relevance below the least counts as judged not
            relevant; false where such negatives were mined and nobody judged them.
        sample: Queries on which the probability is estimated, drawn at random.
        weights: Whether a negative weighs 1 less its probability; otherwise 1.
        relabel_above: The probability above which a candidate that a validator suspects becomes a positive;
            None to relabel nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    validators: tuple[AnyValidator, ...] = ()
    calibrate: bool = False
    labels: Literal["incomplete", "complete"] = "incomplete"
    negatives_are_judged: bool = True
    sample: int = Field(default=2_048, ge=1)
    weights: bool = True
    relabel_above: float | None = Field(default=None, ge=0, le=1)

    @property
    def names(self) -> tuple[str, ...]:
        """The validators' names, as the ledger's columns have them: the kind, numbered when it repeats."""
        names: list[str] = []
        for validator in self.validators:
            kind = VALIDATORS.name_of(validator).replace("-", "_")
            number = sum(name == kind or name.startswith(f"{kind}_") for name in names)
            names.append(f"{kind}_{number + 1}" if number else kind)
        return tuple(names)
