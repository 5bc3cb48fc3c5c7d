"""Plain functions as rankers: an encoder, `texts -> vectors`, or a scorer, `query, documents -> scores`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from hardneg.core.components import RANKERS, Context, OpenedRanker, Ranker
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import temp_memmap
from hardneg.core.records import Collection, Documents, FloatArray, IntArray, Queries, rows_of
from hardneg.core.registry import function_class, positional_count, settings_of

_BLOCK = 1_024


@RANKERS.adapter
def ranker_class(function: Callable[..., Any]) -> type[Ranker]:
    """Returns a ranker's class around a function; its keyword-only parameters are the settings.

    Args:
        function: `(texts: list[str]) -> (n, dimension)` vectors, compared by cosine; or
            `(query: str, documents: list[str]) -> (n,)` scores of candidates that other rankers find.

    Raises:
        ConfigError: It takes another number of arguments.
    """
    count = positional_count(function)
    bases: dict[int, type[Ranker]] = {1: EncoderFunction, 2: ScoringFunction}
    if count not in bases:
        raise ConfigError(
            f"{function.__name__} takes {count} arguments; a ranker takes (texts) or (query, documents)"
        )
    made: type[Ranker] = function_class(bases[count], function, count)
    return made


class EncoderFunction(Ranker):
    """Ranks by the cosine of vectors that a function makes of texts. They are kept for the run alone."""

    comparable: ClassVar[bool] = True
    measures_similarity: ClassVar[bool] = True
    encodes: ClassVar[bool] = True
    compares_documents: ClassVar[bool] = True
    function: ClassVar[Callable[..., Any]]

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, all texts encoded.

        Raises:
            DataError: The function gives something else than a finite vector for each text.
        """
        from hardneg.rankers.dense import DenseRanker
        from hardneg.rankers.dense.store import Vectors

        name = self.name or self.function.__name__
        documents = self._vectors(collection.documents, context, f"{name}: encode documents", "documents")
        queries = self._vectors(collection.queries, context, f"{name}: encode queries", "queries")
        return DenseRanker(_facts(self), Vectors.of(documents), Vectors.of(queries), context, name)

    def _vectors(self, texts: Documents | Queries, context: Context, stage: str, unit: str) -> FloatArray:
        vectors: Any = None
        with context.progress.task(stage, len(texts), unit) as task:
            for rows in rows_of(len(texts), _BLOCK):
                found = self._encoded(texts.texts(rows))
                if vectors is None:
                    vectors = temp_memmap((len(texts), found.shape[1]), np.float32, context.cache)
                vectors[rows] = found
                task.advance(len(rows))
        return np.asarray(vectors)

    def _encoded(self, texts: list[str]) -> FloatArray:
        found = np.asarray(self.function(texts, **settings_of(self)), np.float32)
        if found.ndim != 2 or len(found) != len(texts):
            raise DataError(
                f"{self.function.__name__} gives shape {found.shape} for {len(texts)} texts, expected "
                f"({len(texts)}, dimension)"
            )
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or (lengths == 0).any():
            bad = texts[int(np.flatnonzero(~np.isfinite(lengths[:, 0]) | (lengths[:, 0] == 0))[0])]
            raise DataError(f"{self.function.__name__} gives no direction for the text {bad[:80]!r}")
        return np.asarray(found / lengths, np.float32)


class ScoringFunction(Ranker):
    """Scores candidates that other rankers find by a function of the query and the documents."""

    reranks: ClassVar[bool] = True
    measures_similarity: ClassVar[bool] = True
    function: ClassVar[Callable[..., Any]]

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker."""
        return _OpenedScorer(self, collection)


class _OpenedScorer:
    retrieves = False

    def __init__(self, settings: Any, collection: Collection) -> None:
        self.facts = _facts(settings)
        self._settings = settings
        self._collection = collection

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns nothing: it would have to score the whole corpus for every query."""
        shape = (len(queries), depth)
        return np.full(shape, -1, np.int32), np.full(shape, np.nan, np.float32)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        scores = np.full(docs.shape, np.nan, np.float32)
        for row, query in enumerate(self._collection.queries.texts(queries)):
            known = docs[row] >= 0
            scores[row, known] = self._of(query, self._collection.documents.texts(docs[row, known]))
        return scores

    def _of(self, query: str, documents: list[str]) -> npt.NDArray[np.float32]:
        if not documents:
            return np.empty(0, np.float32)
        function = self._settings.function
        found = np.asarray(function(query, documents, **settings_of(self._settings)), np.float32)
        if found.shape != (len(documents),) or not np.isfinite(found).all():
            raise DataError(
                f"{function.__name__} gives shape {found.shape} for {len(documents)} documents, expected "
                f"({len(documents)},) finite scores"
            )
        return found


def _facts(settings: Any) -> dict[str, Any]:
    function = settings.function
    return {"function": f"{function.__module__}:{function.__qualname__}", **settings_of(settings)}
