"""All settings of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError

from hardneg.core.components import LOSSES, RANKERS, Loss, Ranker
from hardneg.core.errors import ConfigError
from hardneg.core.registry import first_problem
from hardneg.core.settings import override
from hardneg.training.losses.infonce import InfoNce
from hardneg.training.pair_weights import Mask

AnyLoss = Annotated[Loss, PlainValidator(LOSSES.make), PlainSerializer(LOSSES.describe)]


def _guide(given: Any) -> Ranker | None:
    return None if given is None else RANKERS.make(given)


def _described(guide: Ranker | None) -> dict[str, Any] | None:
    return None if guide is None else RANKERS.describe(guide)


AnyGuide = Annotated[Ranker | None, PlainValidator(_guide), PlainSerializer(_described)]


class TrainSettings(BaseModel):
    """How a student is trained.

    Attributes:
        student: `KIND:MODEL` or a model, whose configuration tells its kind. Kinds: `dense`, `static`,
            `sparse`, `cross-encoder`.
        loss: Loss, as `infonce` or `margin-mse`; all are in docs/training.md.
        negatives: Most negatives per query, 0 for in-batch negatives alone; None for all.
        teacher: The ranker whose scores in the ledger teach; None for the run's scorer.
        guide: A ranker that scores every pair of a batch, for loss `gist`; None for none.
        mask: Which documents of other queries are no negatives: `known` positives, or also those that the
            run's rules and validators `suspected`.
        batch_size: Queries per batch.
        mini_batch: Texts encoded at once, the gradient computed piece by piece (GradCache); None for all.
        epochs: Times that each row is seen.
        steps: Most steps; None for as many as the epochs have.
        learning_rate: Peak learning rate; None for 2e-5, or 0.02 for static students.
        warmup: The fraction of the steps in which the rate rises.
        weight_decay: Of AdamW.
        max_length: Tokens after which texts are cut; None for the model's own limit.
        dimensions: Matryoshka: the loss is also paid on vectors cut to these; () for none.
        query_prompt: Text before each query; None for the model's own or its family's.
        document_prompt: Text before each document; likewise.
        query_flops: Weight of the sparsity of queries' vectors, for sparse students.
        document_flops: Weight of the sparsity of documents' vectors.
        bf16: Whether sums run in bfloat16; None where the processor has it.
        dev: Split on which training is stopped early; None to hold back some training queries.
        dev_queries: The most queries of it, and the most that are held back.
        dev_documents: The most documents that these are searched in; None for the whole corpus.
        checks: How often the development split is looked at.
        patience: After how many looks without a better nDCG@10 training stops.
        seed: Seed of shuffling, dropout and the queries held back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    student: str = "default"
    loss: AnyLoss = InfoNce()
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
        """Returns the settings, changed by `KEY=VALUE` overrides.

        Raises:
            ConfigError: A setting is unknown or out of range.
        """
        given = {key: value for key, value in settings.items() if value is not None}
        if isinstance(given.get("loss"), str):
            name, own = LOSSES.parse(given["loss"])
            given["loss"] = {name: own}
        override(given, overrides)
        try:
            return cls(**given)
        except ValidationError as error:
            raise ConfigError(f"train: {first_problem(error)}") from None

    def plain(self) -> dict[str, Any]:
        """Returns plain settings that `build` turns into the same."""
        return self.model_dump(mode="json")
