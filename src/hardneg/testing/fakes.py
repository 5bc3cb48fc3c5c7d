"""Small collections and fakes, for tests without models or files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.components import Context, Ranker
from hardneg.core.records import Candidates, Collection, FloatArray, IntArray
from hardneg.rankers.kernels.top_k import top_k
from hardneg.sources.builder import CollectionBuilder, LoadOptions

_NAN = np.float32("nan")


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

    __slots__ = ("depths",)  # not in `__dict__`, which is what identifies it

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
        """Returns the documents with the highest scores; see `OpenedRanker.search`."""
        self.depths.append(depth)
        return top_k(self.scores[queries], depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        scores = self.scores[queries[:, None], docs]
        return np.where(docs >= 0, scores, _NAN)


def example_collection() -> Collection:
    """Returns a collection of six documents and three queries, one with two positives."""
    return collection(
        {
            "d1": "amber is a fossil resin",
            "d2": "a birch is a tree with white bark",
            "d3": "cedars of the fjord",
            "d4": "resin of fir and pine, hardened over time",
            "d5": "янтарь — это окаменевшая смола",
            "d6": "a",
        },
        {"q1": "what is amber", "q2": "trees of the fjord", "q3": "что такое янтарь"},
        [("q1", "d1", 1), ("q1", "d4", 2), ("q2", "d3", 1), ("q2", "d2", 0), ("q3", "d5", 1)],
    )


def example_candidates(known: Collection, scores: Mapping[str, npt.ArrayLike]) -> Candidates:
    """Returns all documents as candidates of all queries, and a column of padding.

    Args:
        known: The collection.
        scores: For each ranker (n_queries, n_documents), NaN where it gave none.
    """
    queries = np.arange(len(known.queries), dtype=np.int32)
    docs = np.tile(np.arange(-1, len(known.documents), dtype=np.int32), (len(queries), 1))
    docs = np.roll(docs, -1, axis=1)
    ranks = np.where(docs >= 0, docs + 1, 0).astype(np.int32)
    padded = {
        n: np.pad(np.asarray(s, np.float32), ((0, 0), (0, 1)), constant_values=_NAN)
        for n, s in scores.items()
    }
    positive = known.judgments.relevant.has(queries, docs)
    anchors = {
        name: np.where(positive & ~np.isnan(values), values, np.inf).min(axis=1).astype(np.float32)
        for name, values in padded.items()
    }
    anchors = {name: np.where(np.isinf(values), _NAN, values) for name, values in anchors.items()}
    scorer = next(iter(padded))
    return Candidates(queries, docs, ranks, padded, anchors, scorer, collection=known)
