"""A cross-encoder reads query and candidate together and scores them anew."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import RANKERS, Context, OpenedRanker, OpenedValidator, Validator, validator
from hardneg.core.errors import ConfigError
from hardneg.core.records import BoolArray, Collection, FloatArray
from hardneg.validators._common import PairEvidence, Rankers, near_positive

DEFAULT = "default"


@validator("cross-encoder")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class CrossEncoder(Validator):
    """Scores the first candidates of every query, and its positives, with a cross-encoder.

    The evidence is the model's score. A candidate is suspicious if it scores as high as the weakest positive
    less the margins, or as high as `maximum`.

    With `train`, the model is trained first, on the collection's own labels and for one part of the queries
    on the labels of the others, so that no query is scored by a model that knows its labels. The trained
    models are kept in the cache.

    Attributes:
        model: A hub id or a folder; with `train`, the model to begin with, `default` for all-MiniLM-L6-v2.
        depth: Ranks of the pool that it reads.
        margin: The greatest distance below the positive's score that is suspicious, in the model's unit.
        relative_margin: The same as a fraction of the positive's score.
        maximum: The least score that makes any candidate suspicious; None for no such bound.
        only_chosen: Whether it reads only candidates that would be chosen, besides the positives and the
            queries that are learned from: fewer pairs, and what is rejected unread stays so.
        max_length: Tokens after which pairs are cut; None for the model's own limit.
        prompt: Text before each pair, for models that follow instructions, or the name of one of the model's
            prompts; None for the model's own.
        positive_label: The label whose probability counts, by name or number from 0, of a model with several.
        precision: Number format of the transformer; `auto` for the fastest of the device.
        device: As torch names it; None for the fastest.
        train: Whether to train it on the collection's labels, which takes 60 queries with a positive.
        folds: With `train`: parts of the queries, each scored by a model trained on the others.
        epochs: With `train`: passes over the labels.

    Source: RocketQA (arXiv 2010.08191), section 3.2; positive-aware margins, NV-Retriever (arXiv 2407.15831).
    """

    model: str = DEFAULT
    depth: int = Field(default=30, ge=1)
    margin: float = 0.0
    relative_margin: float = 0.0
    maximum: float | None = None
    only_chosen: bool = False
    max_length: int | None = Field(default=None, ge=1)
    prompt: str | None = None
    positive_label: int | str | None = None
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    device: str | None = None
    train: bool = False
    folds: int = Field(default=3, ge=2)
    epochs: int = Field(default=4, ge=1)
    kind = "score"
    weight = 2.0
    shorthand = "model"
    label = {"en": "Cross-encoder", "ru": "Кросс-энкодер"}
    meaning = {
        "en": "Candidates that a cross-encoder scores as high as the positive.",
        "ru": "Кандидаты, которых кросс-энкодер оценивает не ниже релевантного.",
    }

    def check_installed(self) -> None:
        """Checks that what loads the model is installed, and that there is one."""
        if self.model == DEFAULT and not self.train:
            raise ConfigError(
                "cross-encoder has no trained default model: name one, as in cross-encoder:MODEL, or train "
                "one on the collection's labels, as in {cross-encoder: {train: true}}"
            )
        if self.train and (self.prompt is not None or self.positive_label is not None):
            raise ConfigError(
                "cross-encoder: a model that is trained on the collection has no prompt and no positive_label"
            )
        RANKERS.make({"cross-encoder": {"model": self.model}}).check_installed()

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator, its model loaded, or trained.

        Raises:
            ConfigError: There are too few labels to train on, or no such model.
        """
        own = ("model", "max_length", "prompt", "positive_label", "precision", "device")
        settings: Any = RANKERS.make({"cross-encoder": {name: getattr(self, name) for name in own}})
        path = "validation.validators.cross-encoder"
        if self.train:
            fit = self.folds, self.epochs
            ranker: OpenedRanker = settings.cross_fitted(collection, rankers, context, path, *fit)
        else:
            ranker = settings.opened(collection, context, path)
        return PairEvidence(ranker, collection, self.depth)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what scores as high as the weakest positive less the margins, or as `maximum`."""
        return near_positive(evidence, positive, self.margin, self.relative_margin, self.maximum)
