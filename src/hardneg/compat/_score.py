"""Scores of (query, document) pairs: by the vectors' similarity, or by a cross-encoder."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from hardneg.compat._pairs import Pairs
from hardneg.compat._settings import InvalidArgument
from hardneg.compat._vectors import Workers
from hardneg.core.errors import DataError
from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch
from hardneg.rankers.kernels.top_k import TopK


class Scorer(Protocol):
    """Scores given pairs."""

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n,) float32: the score of each of n (query row, corpus row) pairs."""


class Searcher(Scorer, Protocol):
    """Scores given pairs, and finds the best documents."""

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best documents of each query row, best first, ties by corpus row.

        Returns:
            docs (n, depth) int32 and scores (n, depth) float32; `depth` is at most the corpus's size.
        """


def searcher(model: Any, queries: Vectors, documents: Vectors) -> Searcher:
    """Returns what searches by the model's similarity; vectors are of length 1, so cosine is dot product."""
    if model.similarity_fn_name in ("cosine", "dot"):
        return _ByDot(queries, documents)
    return _BySimilarity(model, queries, documents)


class _ByDot:
    def __init__(self, queries: Vectors, documents: Vectors) -> None:
        self._queries = queries
        self._search = ExactSearch(documents, len(queries))

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        return self._search.search(self._queries.take(queries), depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        return self._search.score(self._queries.take(queries), docs[:, None])[:, 0]


class _BySimilarity:
    """Searches by any of sentence-transformers' similarities, a block of documents at a time."""

    def __init__(self, model: Any, queries: Vectors, documents: Vectors) -> None:
        self._model = model
        self._queries = queries
        self._documents = documents

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        running = TopK(len(queries), depth)
        vectors = self._queries.take(queries)
        for place, chunk in enumerate(self._documents.chunks):
            scores = self._model.similarity(vectors, np.array(chunk))
            running.update(_array(scores), place * self._documents.size)
        return running.result()

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        return _array(
            self._model.similarity_pairwise(self._queries.take(queries), self._documents.take(docs))
        )


class Rescorer:
    """Scores pairs with a cross-encoder, each distinct pair once.

    Args:
        model: A `CrossEncoder` with one label.
        pairs: Gives the texts.
        batch_size: Pairs in one batch.
        workers: Processes to spread the work over.
    """

    def __init__(self, model: Any, pairs: Pairs, batch_size: int, workers: Workers) -> None:
        labels = getattr(model, "num_labels", 1)
        if labels != 1:
            raise InvalidArgument(f"the cross-encoder must give one score a pair, it gives {labels}")
        self._model = model
        self._pairs = pairs
        self._batch_size = batch_size
        self._workers = workers

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given pairs; see `Scorer.score`."""
        keys = queries.astype(np.int64) * len(self._pairs.corpus) + docs
        _, firsts, places = np.unique(keys, return_index=True, return_inverse=True)
        given = zip(queries[firsts].tolist(), docs[firsts].tolist(), strict=True)
        scores = self._model.predict(
            [(self._pairs.queries[query], self._pairs.corpus[doc]) for query, doc in given],
            batch_size=self._batch_size,
            show_progress_bar=False,
            **self._workers.options(),
        )
        found: FloatArray = np.asarray(scores, np.float32)
        if not np.isfinite(found).all():
            raise DataError("the cross-encoder gives a score that is NaN or infinite")
        return found[places]


def _array(tensor: Any) -> FloatArray:
    array: FloatArray = tensor.float().cpu().numpy()
    return array
