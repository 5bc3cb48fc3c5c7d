"""Small fakes for testing pipelines without models or files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.components import Context, Ranker
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.rankers.kernels.top_k import top
from hardneg.sources.builder import CollectionBuilder, LoadOptions


def collection(
    documents: Mapping[str, str],
    queries: Mapping[str, str],
    judgments: Sequence[tuple[str, str, int]],
    options: LoadOptions | None = None,
) -> Collection:
    """Returns a collection of these texts by id, judged by (query_id, doc_id, relevance).

    Raises:
        DataError: As a loader would.
    """
    builder = CollectionBuilder("testing", options or LoadOptions())
    for doc_id, text in documents.items():
        builder.add_document(doc_id, text, where=f"document {doc_id}")
    for query_id, text in queries.items():
        builder.add_query(query_id, text, where=f"query {query_id}")
    for query_id, doc_id, relevance in judgments:
        builder.add_judgment(query_id, doc_id, relevance, where=f"judgment {query_id} {doc_id}")
    return builder.build()


class FakeRanker(Ranker):
    """A ranker that knows all scores beforehand; it can stand in a recipe.

    Args:
        scores: (n_queries, n_documents) float32; NaN where a document is never retrieved.
        retrieves: False for a ranker that only scores given candidates.
    """

    __slots__ = ("depths",)  # outside of what identifies it, which is its __dict__

    def __init__(self, scores: npt.ArrayLike, retrieves: bool = True) -> None:
        self.scores = np.asarray(scores, np.float32)
        self.retrieves = retrieves
        self.facts: dict[str, Any] = {"fake": True}
        self.depths: list[int] = []
        """The depth of every search so far."""

    def open(self, collection: Collection, context: Context) -> FakeRanker:
        """Returns itself."""
        return self

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the documents with the highest scores; see `Ranker.search`."""
        self.depths.append(depth)
        return top(self.scores[queries], depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `Ranker.score`."""
        found = self.scores[queries[:, None], docs]
        return np.where(docs >= 0, found, np.float32("nan"))
