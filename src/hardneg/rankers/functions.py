"""Plain functions as rankers: an encoder, `texts -> vectors`, or a scorer, `(query, documents) -> scores`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, ClassVar

import numpy as np

from hardneg.core.components import RANKERS, Context, OpenedRanker, Ranker
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import temp_memmap
from hardneg.core.hashing import code_digest
from hardneg.core.progress import Progress
from hardneg.core.records import Collection, Documents, FloatArray, Queries, rows_of
from hardneg.core.registry import function_class, positional_count, settings_of
from hardneg.rankers.dense import DenseRanker
from hardneg.rankers.dense.store import shared
from hardneg.rankers.pairs.scorer import PairScorer

_BATCH = 1_024


@RANKERS.adapter
def ranker_class(function: Callable[..., Any]) -> type[Ranker]:
    """Returns a ranker's class around a function; its keyword-only parameters are the settings.

    Args:
        function: `(texts: list[str]) -> (n, dimension)` vectors, compared by cosine; or
            `(query: str, documents: list[str]) -> (n,)` scores of candidates that other rankers retrieve.

    Raises:
        ConfigError: It takes another number of arguments.
    """
    count = positional_count(function)
    bases: dict[int, type[Ranker]] = {1: EncoderFunction, 2: ScoringFunction}
    if count not in bases:
        raise ConfigError(
            f"{function.__name__} takes {count} arguments; a ranker takes (texts) or (query, documents)"
        )
    adapted: type[Ranker] = function_class(bases[count], function, count)
    return adapted


class EncoderFunction(Ranker):
    """Ranks by the cosine of vectors that a function returns for texts. They are not kept in the cache."""

    comparable = True
    measures_similarity = True
    encodes = True
    compares_documents = True
    function: ClassVar[Callable[..., Any]]

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, all texts encoded.

        Raises:
            DataError: The function does not return one finite vector other than zero for each text.
        """
        documents = self._encode(collection.documents, context, "documents")
        queries = self._encode(collection.queries, context, "queries")
        if documents.shape[1] != queries.shape[1]:
            raise DataError(
                f"{self.function.__name__} returns {documents.shape[1]} dimensions for documents, "
                f"{queries.shape[1]} for queries; both must have one dimension"
            )
        return DenseRanker(_facts(self), shared(documents, context), shared(queries, context))

    def _encode(self, texts: Documents | Queries, context: Context, unit: str) -> FloatArray:
        vectors: Any = np.empty((0, 0), np.float32)
        name = self.name or RANKERS.name_of(self)
        with context.progress.task(f"{name}: encode {unit}", len(texts), unit) as task:
            for rows in rows_of(len(texts), _BATCH):
                batch = self._encode_batch(texts.texts(rows), vectors.shape[1])
                if not len(vectors):
                    vectors = temp_memmap((len(texts), batch.shape[1]), np.float32, context.cache)
                vectors[rows] = batch
                task.advance(len(rows))
        return np.asarray(vectors)

    def _encode_batch(self, texts: list[str], dimension: int) -> FloatArray:
        """Returns (n, dimension) float32 of length 1; dimension is 0 before the first batch."""
        name = self.function.__name__
        vectors = _float32(name, self.function(texts, **settings_of(self)))
        expected = f"({len(texts)}, {dimension or 'dimension'})"
        if vectors.ndim != 2 or vectors.shape != (len(texts), dimension or vectors.shape[1]):
            raise DataError(
                f"{name} returns shape {vectors.shape} for {len(texts)} texts, expected {expected}"
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        for bad, problem in ((~np.isfinite(lengths), "holds NaN or infinity"), (lengths == 0, "is zero")):
            if bad.any():
                text = texts[int(np.argmax(bad))]
                raise DataError(f"{name}: the vector of the text {text[:80]!r} {problem}; it has no cosine")
        return np.asarray(vectors / lengths, np.float32)


class ScoringFunction(Ranker):
    """Scores candidates that other rankers retrieve, by a function of the query and the documents."""

    reranks = True
    measures_similarity = True
    function: ClassVar[Callable[..., Any]]

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, which calls the function once per query and block."""
        return _FunctionScorer(self, collection, context.progress)


class _FunctionScorer(PairScorer):
    def __init__(self, settings: ScoringFunction, collection: Collection, progress: Progress) -> None:
        super().__init__(collection, _facts(settings), progress, settings.name or RANKERS.name_of(settings))
        self._settings = settings

    def _predict(self, queries: list[str], documents: list[str]) -> FloatArray:
        pairs = groupby(zip(queries, documents, strict=True), key=lambda pair: pair[0])
        return np.concatenate([self._of(query, [doc for _, doc in group]) for query, group in pairs])

    def _of(self, query: str, documents: list[str]) -> FloatArray:
        name = self._settings.function.__name__
        scores = _float32(name, self._settings.function(query, documents, **settings_of(self._settings)))
        expected = f"expected ({len(documents)},) finite scores"
        if scores.shape != (len(documents),):
            raise DataError(f"{name} returns shape {scores.shape} for {len(documents)} documents, {expected}")
        if not np.isfinite(scores).all():
            document = documents[int(np.argmin(np.isfinite(scores)))]
            raise DataError(f"{name} returns NaN or infinity for the document {document[:80]!r}, {expected}")
        return scores


def _float32(name: str, returned: Any) -> FloatArray:
    try:
        return np.asarray(returned, np.float32)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists, texts, tensors of another device
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"{name} returns no array of numbers: {reason}") from error


def _facts(settings: EncoderFunction | ScoringFunction) -> dict[str, Any]:
    function = settings.function
    path = f"{function.__module__}:{function.__qualname__}"
    return {"function": path, "code": code_digest(function), **settings_of(settings)}
