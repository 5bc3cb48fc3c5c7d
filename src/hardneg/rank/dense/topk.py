"""Exact nearest neighbours by dot product: the answer depends on nothing but the two vectors.

Matrix products find the likely best; their rounding depends on shapes and threads, so each pair near the
top is scored again, alone, and a bound on the rounding tells whether a document was missed.
"""

from __future__ import annotations

import numpy as np

from hardneg.rank.dense.store import Vectors
from hardneg.rank.jit import parallel, prange
from hardneg.rank.select_top import Running
from hardneg.records import FloatArray, IntArray

_QUERIES = 1_024
_SLACK = 16


class ExactSearch:
    """Searches document vectors without approximation.

    Args:
        documents: The document vectors.
    """

    def __init__(self, documents: Vectors) -> None:
        self._documents = documents
        norms = (np.sqrt(np.einsum("ij,ij->i", chunk, chunk).max()) for chunk in documents.chunks)
        self._longest = float(max(norms))

    def search(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the documents of the highest dot products, best first, ties by document row.

        Args:
            queries: (n, dimension) float32.
            depth: How many documents a query, at most the number of documents.

        Returns:
            docs (n, depth) int32; scores (n, depth) float32.
        """
        blocks = [self._block(queries[i : i + _QUERIES], depth) for i in range(0, len(queries), _QUERIES)]
        if not blocks:
            return np.empty((0, depth), np.int32), np.empty((0, depth), np.float32)
        return np.concatenate([b[0] for b in blocks]), np.concatenate([b[1] for b in blocks])

    def score(self, queries: FloatArray, docs: IntArray) -> FloatArray:
        """Returns (n, depth) float32: dot products with given documents, NaN where docs are -1."""
        rows, inverse = np.unique(docs, return_inverse=True)
        vectors = self._documents.take(np.maximum(rows, 0).astype(np.int32))
        places: IntArray = inverse.reshape(docs.shape).astype(np.int32)
        scores = _dots(np.ascontiguousarray(queries, np.float32), vectors, places)
        return np.where(docs >= 0, scores, np.float32("nan"))

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: dot products of n documents with m others."""
        every = np.broadcast_to(docs, (len(others), len(docs)))
        return np.ascontiguousarray(self.score(self._documents.take(others), every).T)

    def _block(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Searches deeper until the bound proves that no document was missed."""
        docs = np.empty((len(queries), depth), np.int32)
        scores = np.empty((len(queries), depth), np.float32)
        error = self._error(queries)
        pending = np.arange(len(queries))
        wide = depth + _SLACK
        while len(pending):
            wide = min(wide, len(self._documents))
            found, worst = self._likely(queries[pending], wide)
            exact = self.score(queries[pending], found)
            order = np.lexsort((found, -exact))[:, :depth]
            docs[pending] = np.take_along_axis(found, order, axis=1)
            scores[pending] = np.take_along_axis(exact, order, axis=1)
            proven = (scores[pending, -1] > worst + error[pending]) | (wide == len(self._documents))
            pending = pending[~proven]
            wide *= 2
        return docs, scores

    def _likely(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best by matrix product, and the score that none of the others exceeds."""
        running = Running(len(queries), depth)
        for place, chunk in enumerate(self._documents.chunks):
            running.update(queries @ chunk.T, place * self._documents.size)
        docs, scores = running.result()
        return docs, scores[:, -1]

    def _error(self, queries: FloatArray) -> FloatArray:
        """Returns (n,) float32: the most by which a product of two vectors can be off, in any order of sums.

        Source: Higham, Accuracy and Stability of Numerical Algorithms, section 3.1.
        """
        norms = np.sqrt(np.einsum("ij,ij->i", queries, queries)) * self._longest
        unit = (self._documents.dimension + 2) * 2.0**-24
        return np.asarray(2 * norms * unit / (1 - unit), np.float32)


@parallel
def _dots(queries: FloatArray, vectors: FloatArray, places: IntArray) -> FloatArray:
    scores = np.empty(places.shape, np.float32)
    for row in prange(places.shape[0]):
        for column in range(places.shape[1]):
            total = 0.0
            vector = vectors[places[row, column]]
            for axis in range(queries.shape[1]):
                total += np.float64(queries[row, axis]) * np.float64(vector[axis])
            scores[row, column] = total
    return scores
