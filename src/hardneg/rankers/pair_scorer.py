"""Rankers that score given pairs of query and document and retrieve none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection, FloatArray, IntArray

_CACHED_PAIRS = 1 << 20
_CHUNK = 512
"""Pairs scored before progress is reported."""


class PairScorer(ABC):
    """Scores pairs of one collection, each pair once."""

    retrieves = False

    def __init__(
        self,
        collection: Collection,
        facts: Mapping[str, Any],
        progress: Progress | None = None,
        name: str = "",
    ) -> None:
        self.facts = facts
        self._progress, self._stage = progress or NullProgress(), f"{name}: score pairs"
        self._collection = collection
        self._scores: dict[tuple[int, int], float] = {}

    @abstractmethod
    def _predict(self, queries: list[str], documents: list[str]) -> FloatArray:
        """Returns (n,) finite scores of n pairs of texts, all pairs of one query together."""

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns nothing: it would have to score the whole corpus for every query."""
        shape = (len(queries), depth)
        return np.full(shape, -1, np.int32), np.full(shape, np.nan, np.float32)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        rows, columns = np.nonzero(docs >= 0)
        pairs = list(zip(queries[rows].tolist(), docs[rows, columns].tolist(), strict=True))
        missing = [pair for pair in dict.fromkeys(pairs) if pair not in self._scores]
        if missing:
            with self._progress.task(self._stage, len(missing), "pairs") as task:
                for chunk in _chunks(missing):
                    texts = self._collection.queries.texts([query for query, _ in chunk])
                    documents = self._collection.documents.texts([doc for _, doc in chunk])
                    self._scores.update(zip(chunk, self._predict(texts, documents).tolist(), strict=True))
                    task.advance(len(chunk))
        scores = np.full(docs.shape, np.nan, np.float32)
        scores[rows, columns] = [self._scores[pair] for pair in pairs]
        if len(self._scores) > _CACHED_PAIRS:
            self._scores.clear()
        return scores


def _chunks(pairs: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Yields the pairs in chunks that end where a query does."""
    chunk: list[tuple[int, int]] = []
    for pair in pairs:
        if len(chunk) >= _CHUNK and chunk[-1][0] != pair[0]:
            yield chunk
            chunk = []
        chunk.append(pair)
    yield chunk
