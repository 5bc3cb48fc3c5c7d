"""The documents that a training set lists as negatives of a query."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.records import Collection, FloatArray, IntArray


@ranker("listed")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Listed(Ranker):
    """Retrieves what the source lists as not relevant, in its order; each scores 1, all else has no score.

    Attributes:
        name: The ranker's name in the ledger; None for `listed`.
    """

    name: str | None = None
    shorthand: ClassVar[str] = "name"
    scored: ClassVar[bool] = False
    reads_texts: ClassVar[bool] = False

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker."""
        return ListedRanker(collection)


class ListedRanker:
    """Finds the listed negatives of one collection.

    Args:
        collection: Its judgments below the least relevance are the lists.
    """

    retrieves = True

    def __init__(self, collection: Collection) -> None:
        self._judgments = collection.judgments
        below = self._judgments.relevance < self._judgments.min_relevance
        self.facts: dict[str, Any] = {"listed": int(below.sum())}

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the first documents of each query's list; see `OpenedRanker.search`."""
        docs = np.full((len(queries), depth), -1, np.int32)
        for row, query in enumerate(queries):
            listed = self._of(int(query))[:depth]
            docs[row, : len(listed)] = listed
        return docs, np.where(docs >= 0, np.float32(1), np.float32("nan"))

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns 1 for listed documents, NaN for others; see `OpenedRanker.score`."""
        scores = np.full(docs.shape, np.nan, np.float32)
        for row, query in enumerate(queries):
            scores[row, np.isin(docs[row], self._of(int(query)))] = 1
        return scores

    def _of(self, query: int) -> IntArray:
        docs, relevance = self._judgments.of(query)
        return docs[relevance < self._judgments.min_relevance]
