"""A cross-encoder reads query and document together: it scores given candidates and retrieves none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import ConfigError
from hardneg.core.records import Collection
from hardneg.rankers.dense.models import (
    DEFAULT,
    Device,
    best_precision,
    check_installed,
    load_model,
    model_errors,
)
from hardneg.rankers.pairs.local import open_scorer
from hardneg.rankers.pairs.model import PairModel

_SCORING = ("ForSequenceClassification", "ForCausalLM", "ForConditionalGeneration")


@ranker("cross-encoder")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class CrossEncoder(Ranker):
    """Scores candidates that other rankers retrieve, with a sentence-transformers `CrossEncoder`.

    Attributes:
        model: A hub id or a folder.
        max_length: Tokens after which pairs are cut; None for the model's own limit.
        prompt: Text before each pair, for models that follow instructions, or the name of one of the model's
            prompts; None for the model's own.
        positive_label: The label whose probability is the score, by name or number from 0, of a model that
            gives several.
        precision: Number format of the transformer's weights and sums; `auto` for the fastest of the
            device. The last layer, which gives the score, is always fp32.
        device: As torch names it; None for the fastest.
        name: The ranker's name in the ledger; None for `cross-encoder`.
    """

    model: str
    max_length: int | None = Field(default=None, ge=1)
    prompt: str | None = None
    positive_label: int | str | None = None
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    device: Device | None = None
    name: str | None = None
    shorthand = "model"
    comparable = True
    measures_similarity = True
    reranks = True
    encodes = True

    def check_installed(self) -> None:
        """Checks that what loads the model is installed."""
        check_installed(self.model)

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its model loaded."""
        return self.opened(collection, context, "rank.rankers.cross-encoder")

    def opened(self, collection: Collection, context: Context, path: str) -> OpenedRanker:
        """Returns the ranker, its model loaded here or by the workers of the engine.

        Args:
            collection: The queries and documents.
            context: The cache and the engine.
            path: Where a recipe has these settings.

        Raises:
            ConfigError: There is no such model, it has no trained score of pairs, or several.
        """
        load = partial(self.load, path)
        return open_scorer(self, load, collection, context, self.name or "cross-encoder")

    def cross_fitted(
        self,
        collection: Collection,
        rankers: Mapping[str, OpenedRanker],
        context: Context,
        path: str,
        folds: int,
        epochs: int,
    ) -> OpenedRanker:
        """Returns the ranker, its model trained on the collection's labels; see `CrossFit.open`."""
        from hardneg.rankers.cross_fit import CrossFit
        from hardneg.rankers.cross_fit.fitting import FitSettings

        return CrossFit(self, FitSettings(epochs), folds).open(collection, rankers, context, path)

    def load(self, path: str) -> PairModel:
        """Returns the loaded model; see `opened`."""
        if self.model == DEFAULT:
            raise ConfigError("cross-encoder has no default model; name one, as in cross-encoder:MODEL")
        options: dict[str, Any] = {} if self.max_length is None else {"max_length": self.max_length}
        model = load_model("CrossEncoder", self.model, device=self.device, **options)
        with model_errors(self.model):
            architecture = (getattr(model.config, "architectures", None) or ["ForSequenceClassification"])[0]
            if not architecture.endswith(_SCORING):
                raise ConfigError(
                    f'model "{self.model}" is a {architecture}, which has no trained score of pairs'
                )
            precision = best_precision(str(model.device)) if self.precision == "auto" else self.precision
            return PairModel(
                model,
                self.model,
                self.prompt,
                _label(model, self, path),
                f"{path}.prompt",
                precision,
            )


def _label(model: Any, settings: CrossEncoder, path: str) -> int | None:
    """Returns the number of the label that counts, None for a model of one score."""
    names = getattr(model.config, "id2label", None) or {}
    labels = [str(names.get(number, number)) for number in range(getattr(model, "num_labels", 1))]
    given = settings.positive_label
    if given is None and len(labels) == 1:
        return None
    if given is None:
        raise ConfigError(
            f'model "{settings.model}" gives {len(labels)} scores per pair ({", ".join(labels)}), not one; '
            f"name the label that means relevant, as in --set {path}.positive_label={labels[-1]}"
        )
    if isinstance(given, int) and 0 <= given < len(labels) > 1:
        return given
    if given in labels and len(labels) > 1:
        return labels.index(str(given))
    raise ConfigError(
        f'positive_label {given}: model "{settings.model}" has no such label; it has {", ".join(labels)}'
        if len(labels) > 1
        else f'positive_label {given}: model "{settings.model}" gives one score per pair; leave it out'
    )
