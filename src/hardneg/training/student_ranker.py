"""A student in training as a ranker over a small collection, without the cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hardneg.core.components import OpenedRanker
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.rankers.cross_encoder import CrossEncoder, CrossEncoderRanker
from hardneg.rankers.dense.encode import Encoder
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch
from hardneg.rankers.kernels.top_k import top
from hardneg.rankers.vectors import VectorRanker
from hardneg.training.student import Student


def as_ranker(student: Student, collection: Collection) -> OpenedRanker:
    """Returns the student's current state as a ranker, all vectors in memory."""
    if student.kind == "cross-encoder":
        return CrossEncoderRanker(student.model, CrossEncoder(model=student.name), collection)
    queries = collection.queries.texts(np.arange(len(collection.queries), dtype=np.int32))
    documents = collection.documents.texts(np.arange(len(collection.documents), dtype=np.int32))
    if student.kind == "sparse":
        return InMemorySparseRanker(student.model, queries, documents)
    encoder = Encoder(student.model, student.name, student.prompts.query, student.prompts.document)
    search = ExactSearch(Vectors.of(encoder.documents(documents)))
    return VectorRanker(search, encoder.queries(queries), {})


class InMemorySparseRanker:
    """Scores all documents by a sparse encoder, one block of queries at a time.

    Args:
        model: A `SparseEncoder`.
        queries: Texts.
        documents: Texts.
    """

    retrieves = True

    def __init__(self, model: Any, queries: list[str], documents: list[str]) -> None:
        self.facts: Mapping[str, Any] = {}
        query_vectors, doc_vectors = (
            encode(texts, show_progress_bar=False, convert_to_sparse_tensor=True).float().cpu()
            for encode, texts in ((model.encode_query, queries), (model.encode_document, documents))
        )
        self._queries, self._documents = query_vectors, doc_vectors.t()

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best documents of each query; see `OpenedRanker.search`."""
        return top(self._scores(queries), depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        scores = np.take_along_axis(self._scores(queries), np.maximum(docs, 0), axis=1)
        return np.where(docs >= 0, scores, np.float32("nan"))

    def _scores(self, queries: IntArray) -> FloatArray:
        """Returns (n_queries, n_documents) float32."""
        import torch

        vectors = self._queries.index_select(0, torch.from_numpy(queries.astype(np.int64)))
        scores: FloatArray = (vectors @ self._documents).to_dense().numpy()
        return scores
