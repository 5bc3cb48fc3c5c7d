"""A cross-encoder reads query and document together: it scores given candidates and retrieves none."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.rankers.dense.encode import model_digest
from hardneg.rankers.dense.models import DEFAULT, load_model

_REMEMBERED = 1 << 20
_SCORING = ("ForSequenceClassification", "ForCausalLM", "ForConditionalGeneration")


@ranker("cross-encoder")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class CrossEncoder(Ranker):
    """Scores candidates that other rankers retrieve, with a sentence-transformers `CrossEncoder`.

    Attributes:
        model: A hub id or a folder.
        batch_size: Pairs in one batch.
        max_length: Tokens after which pairs are cut; None for the model's own limit.
        prompt: Text before each pair, for models that follow instructions; None for the model's own.
        device: As torch names it; None for the best there is.
        trust_remote_code: Whether code that comes with the model may run, and pickled weights be read.
        name: The ranker's name in the ledger; None for `cross-encoder`.
    """

    model: str
    batch_size: int = Field(default=32, ge=1)
    max_length: int | None = Field(default=None, ge=1)
    prompt: str | None = None
    device: str | None = None
    trust_remote_code: bool = False
    name: str | None = None
    shorthand: ClassVar[str] = "model"
    comparable: ClassVar[bool] = True
    measures_similarity: ClassVar[bool] = True
    reranks: ClassVar[bool] = True
    encodes: ClassVar[bool] = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its model loaded."""
        options: dict[str, Any] = {"device": self.device, "trust_remote_code": self.trust_remote_code}
        if self.max_length is not None:
            options["max_length"] = self.max_length
        if self.model == DEFAULT:
            raise ConfigError("cross-encoder has no default model; name one, as in cross-encoder:MODEL")
        model = load_model("CrossEncoder", self.model, **options)
        built_as = getattr(model.config, "architectures", None) or ["ForSequenceClassification"]
        if not any(name.endswith(_SCORING) for name in built_as):
            raise ConfigError(f'model "{self.model}" is a {built_as[0]}, which has no trained score of pairs')
        return CrossEncoderRanker(model, self, collection)


class CrossEncoderRanker:
    """Scores pairs of one collection, each pair once.

    Args:
        model: A loaded `CrossEncoder` with one label.
        settings: Its settings.
        collection: Gives the texts.
    """

    retrieves = False

    def __init__(self, model: Any, settings: CrossEncoder, collection: Collection) -> None:
        self._model = model
        self._options: dict[str, Any] = {"batch_size": settings.batch_size, "show_progress_bar": False}
        if settings.prompt is not None:
            self._options["prompt"] = settings.prompt
        self._collection = collection
        self._known: dict[tuple[int, int], float] = {}
        self.facts = {
            "model": settings.model,
            "weights": model_digest(model),
            "max_length": model.max_length,
            "prompt": settings.prompt,
        }

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns nothing: a cross-encoder would have to read the whole corpus for every query."""
        return np.full((len(queries), depth), -1, np.int32), np.full(
            (len(queries), depth), np.nan, np.float32
        )

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        rows, columns = np.nonzero(docs >= 0)
        pairs = list(zip(queries[rows].tolist(), docs[rows, columns].tolist(), strict=True))
        self._learn([pair for pair in dict.fromkeys(pairs) if pair not in self._known])
        scores = np.full(docs.shape, np.nan, np.float32)
        scores[rows, columns] = [self._known[pair] for pair in pairs]
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        return scores

    def _learn(self, pairs: list[tuple[int, int]]) -> None:
        if not pairs:
            return
        queries = self._collection.queries.texts([query for query, _ in pairs])
        documents = self._collection.documents.texts([doc for _, doc in pairs])
        scores = np.asarray(
            self._model.predict(
                list(zip(queries, documents, strict=True)),
                **self._options,
            ),
            np.float32,
        )
        if scores.ndim != 1 or not np.isfinite(scores).all():
            raise DataError("the cross-encoder must give one finite score a pair; is it a reranker?")
        self._known.update(zip(pairs, scores.tolist(), strict=True))
