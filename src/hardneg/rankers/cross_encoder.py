"""A cross-encoder reads query and document together: it scores given candidates and retrieves none."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.progress import Progress
from hardneg.core.records import Collection, FloatArray
from hardneg.rankers.dense.encode import model_digest
from hardneg.rankers.dense.models import DEFAULT, check_installed, load_model, model_errors
from hardneg.rankers.dense.prompts import unused_prompts
from hardneg.rankers.pair_scorer import PairScorer
from hardneg.rankers.truncation import sampled, truncation

_SCORING = ("ForSequenceClassification", "ForCausalLM", "ForConditionalGeneration")


@ranker("cross-encoder")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class CrossEncoder(Ranker):
    """Scores candidates that other rankers retrieve, with a sentence-transformers `CrossEncoder`.

    Attributes:
        model: A hub id or a folder.
        batch_size: Pairs per batch.
        max_length: Tokens after which pairs are cut; None for the model's own limit.
        prompt: Text before each pair, for models that follow instructions, or the name of one of the model's
            prompts; None for the model's own.
        positive_label: The label whose probability is the score, by name or number from 0, of a model that
            gives several.
        device: As torch names it; None for the fastest.
        name: The ranker's name in the ledger; None for `cross-encoder`.
    """

    model: str
    batch_size: int = Field(default=32, ge=1)
    max_length: int | None = Field(default=None, ge=1)
    prompt: str | None = None
    positive_label: int | str | None = None
    device: str | None = None
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

    def opened(self, collection: Collection, context: Context, path: str) -> CrossEncoderRanker:
        """Returns the ranker, its model loaded; `path` is where a recipe has its settings.

        Raises:
            ConfigError: There is no such model, it has no trained score of pairs, or several.
        """
        options: dict[str, Any] = {"device": self.device}
        if self.max_length is not None:
            options["max_length"] = self.max_length
        if self.model == DEFAULT:
            raise ConfigError("cross-encoder has no default model; name one, as in cross-encoder:MODEL")
        model = load_model("CrossEncoder", self.model, **options)
        with model_errors(self.model):
            architecture = (getattr(model.config, "architectures", None) or ["ForSequenceClassification"])[0]
            if not architecture.endswith(_SCORING):
                raise ConfigError(
                    f'model "{self.model}" is a {architecture}, which has no trained score of pairs'
                )
            label = _label(model, self, path)
            ranker = CrossEncoderRanker(model, self, collection, label, context.progress)
            tokenizer, prompt = getattr(model, "tokenizer", None), ranker.facts["prompt"] or ""
            texts, queries = sampled(collection.documents), sampled(collection.queries)
            cut = truncation(tokenizer, model.max_length, texts, prompt, queries)
            ranker.facts = {**ranker.facts, "truncation": {"documents": cut}}
            return ranker


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


class CrossEncoderRanker(PairScorer):
    """Scores pairs of one collection with a loaded `CrossEncoder`, by one score or label, each pair once."""

    def __init__(
        self,
        model: Any,
        settings: CrossEncoder,
        collection: Collection,
        label: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        own, prompt = model.prompts or {}, settings.prompt
        prompt = prompt if prompt is None else own.get(prompt, prompt)
        facts = {
            "model": settings.model,
            "weights": model_digest(model),
            "max_length": model.max_length,
            "prompt": prompt,
        }
        if label is not None:
            facts["positive_label"] = label
        if prompt is None and (unused := unused_prompts(model, settings.model, "prompt")):
            facts["unused_prompts"] = unused
        super().__init__(collection, facts, progress, settings.name or "cross-encoder")
        self._model, self._name = model, settings.model
        self._options: dict[str, Any] = {"batch_size": settings.batch_size, "show_progress_bar": False}
        self._label = label
        if prompt is not None:
            self._options["prompt"] = prompt
        if label is not None:
            import torch

            self._options |= {"activation_fn": torch.nn.Identity(), "apply_softmax": True}

    def _predict(self, queries: list[str], documents: list[str]) -> FloatArray:
        pairs = list(zip(queries, documents, strict=True))
        with model_errors(self._name, "score with"):
            scores = np.asarray(self._model.predict(pairs, **self._options), np.float32)
        if self._label is not None and scores.ndim == 2:
            scores = scores[:, self._label]
        if scores.ndim != 1 or not np.isfinite(scores).all():
            raise DataError("the cross-encoder must give one finite score per pair; is it a reranker?")
        return scores
