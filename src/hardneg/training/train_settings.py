"""The settings of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError

from hardneg.core.components import LOSSES, RANKERS, Loss, Ranker
from hardneg.core.errors import ConfigError
from hardneg.core.registry import first_problem
from hardneg.core.settings import override

Mask = Literal["known", "suspected"]
AnyLoss = Annotated[Loss, PlainValidator(LOSSES.make), PlainSerializer(LOSSES.describe)]
AnyGuide = Annotated[
    Ranker | None,
    PlainValidator(lambda given: None if given is None else RANKERS.make(given)),
    PlainSerializer(lambda guide: None if guide is None else RANKERS.describe(guide)),
]


class TrainSettings(BaseModel):
    """How a student is trained.

    Attributes:
        student: Model to train, as `MODEL`, whose configuration tells its kind, or `KIND:MODEL` with the kind
            `dense`, `static`, `sparse` or `cross-encoder`.
        loss: Loss of a batch, by name, as `gist` or `gist:0.1`.
        negatives: Most negatives per query; None for all, 0 for in-batch negatives alone.
        teacher: Ranker whose scores in the ledger the student learns; None for the run's scorer.
        guide: Ranker that scores every pair of a batch, for loss `gist`; None for none.
        mask: Documents of other queries that are no negatives: `known` positives, or also those that rules
            and validators of the run `suspected`.
        batch_size: Queries per batch.
        mini_batch: Texts encoded at once, with cached gradients (GradCache); None for all.
        epochs: Passes over the training rows.
        steps: Most steps; None for as many as the epochs have.
        learning_rate: Peak learning rate; None for 2e-5, or 0.02 for static students.
        warmup: Fraction of the steps in which the learning rate rises, 0 to 1.
        weight_decay: Weight decay of AdamW.
        max_length: Tokens after which texts are cut; None for the model's own limit.
        dimensions: Smaller vector sizes to train as well (Matryoshka); empty for none.
        query_prompt: Text before each query, or the name of one of the model's prompts; None for the model's
            own or its family's.
        document_prompt: Text before each document; None for the model's own or its family's.
        query_flops: Weight of the sparsity loss on query vectors of sparse students.
        document_flops: Weight of the sparsity loss on document vectors of sparse students.
        bf16: Whether to compute in bfloat16; None for where the processor supports it.
        dev: Split that stops training early; None for training queries that are held out.
        dev_queries: Most development queries.
        dev_documents: Most documents searched for them; None for the whole corpus.
        checks: Evaluations on the development split during the training.
        patience: Evaluations without a better nDCG@10 after which training stops.
        seed: Seed of shuffling, dropout and the queries held out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    student: str = "default"
    loss: AnyLoss = Field(default="infonce", validate_default=True)
    negatives: int | None = Field(default=None, ge=0)
    teacher: str | None = None
    guide: AnyGuide = None
    mask: Mask = "suspected"
    batch_size: int = Field(default=32, ge=2)
    mini_batch: int | None = Field(default=None, ge=1)
    epochs: int = Field(default=1, ge=1)
    steps: int | None = Field(default=None, ge=1)
    learning_rate: float | None = Field(default=None, gt=0)
    warmup: float = Field(default=0.1, ge=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0)
    max_length: int | None = Field(default=None, ge=1)
    dimensions: tuple[int, ...] = ()
    query_prompt: str | None = None
    document_prompt: str | None = None
    query_flops: float = Field(default=5e-5, ge=0)
    document_flops: float = Field(default=3e-5, ge=0)
    bf16: bool | None = None
    dev: str | None = None
    dev_queries: int = Field(default=300, ge=1)
    dev_documents: int | None = Field(default=10_000, ge=1)
    checks: int = Field(default=5, ge=1)
    patience: int = Field(default=3, ge=1)
    seed: int = Field(default=42, ge=0, lt=2**32)

    @classmethod
    def build(cls, settings: dict[str, Any], overrides: Sequence[str] = ()) -> TrainSettings:
        """Returns the settings, changed by `KEY=VALUE` overrides."""
        given = {key: value for key, value in settings.items() if value is not None}
        if isinstance(given.get("loss"), str):
            name, loss_settings = LOSSES.parse(given["loss"])
            given["loss"] = {name: loss_settings}
        override(given, overrides)
        try:
            return cls(**given)
        except ValidationError as error:
            raise ConfigError(f"train: {first_problem(error)}") from None

    def plain(self) -> dict[str, Any]:
        """Returns plain settings that `build` turns into the same."""
        return self.model_dump(mode="json")
