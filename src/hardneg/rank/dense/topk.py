"""Exact nearest neighbours by dot product: the answer depends on nothing but the two vectors.

Cheap matrix products rule out nearly all documents: those whose score, with all that the product can be
wrong by, stays below the worst of the best so far. What is left is scored exactly, summed in float64.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from hardneg.errors import DataError
from hardneg.rank.dense import coarse
from hardneg.rank.dense.precision import has_amx
from hardneg.rank.dense.sift import Best, dots
from hardneg.rank.dense.store import Vectors
from hardneg.records import FloatArray, IntArray

Product = Literal["whole", "low", "head"]

_QUERIES = 1_024
_HEAD_DOCUMENTS = 20_000
_HEAD_DIMENSIONS = (64, 1_024)
_TOO_MANY = 0.15


class ExactSearch:
    """Searches document vectors without approximation.

    Args:
        documents: The document vectors.
        queries: How many queries are to be expected: few are not worth long preparations.
        product: Which cheap product to use, see `coarse`; None for what the machine is fast at.

    Raises:
        DataError: A document's vector has NaN or infinity in it.
    """

    def __init__(self, documents: Vectors, queries: int = 0, product: Product | None = None) -> None:
        self._documents = documents
        self._longest = max(_longest(documents, place) for place in range(len(documents.chunks)))
        self._whole = coarse.Whole(documents, self._longest)
        self._coarse: coarse.Coarse | None = None
        self._expected = queries
        self._product = product

    def search(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the documents of the highest dot products, best first, ties by document row.

        Args:
            queries: (n, dimension) float32.
            depth: How many documents a query.

        Returns:
            docs (n, depth) int32; scores (n, depth) float32; -1 and NaN beyond the last document.

        Raises:
            DataError: A query's vector has NaN or infinity in it.
        """
        check(queries)
        blocks = [self._block(queries[i : i + _QUERIES], depth) for i in range(0, len(queries), _QUERIES)]
        if not blocks:
            return np.empty((0, depth), np.int32), np.empty((0, depth), np.float32)
        return np.concatenate([b[0] for b in blocks]), np.concatenate([b[1] for b in blocks])

    def score(self, queries: FloatArray, docs: IntArray) -> FloatArray:
        """Returns (n, depth) float32: dot products with given documents, NaN where docs are -1."""
        rows, inverse = np.unique(docs, return_inverse=True)
        vectors = self._documents.take(np.maximum(rows, 0).astype(np.int32))
        places: IntArray = inverse.reshape(docs.shape).astype(np.int32)
        scores = dots(np.ascontiguousarray(queries, np.float32), vectors, places)
        return np.where(docs >= 0, scores, np.float32("nan"))

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: dot products of (n,) documents with (n, m) others, NaN for -1."""
        return self.score(self._documents.take(docs), others)

    def _block(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Searches chunk by chunk; the first is multiplied whole, so that there is a bar for the others."""
        queries = np.ascontiguousarray(queries, np.float32)
        cheap = self._prepared(queries, depth)
        known: dict[int, tuple[Any, FloatArray]] = {id(self._whole): self._whole.queries(queries)}
        best, patience = Best(queries, known[id(self._whole)][1], depth), 0
        for place in range(len(self._documents.chunks)):
            plain = place == 0 or patience > 0
            product = self._whole if plain else cheap
            if id(product) not in known:
                known[id(product)] = product.queries(queries)
            prepared, margins = known[id(product)]
            vectors = self._documents.chunk(place)
            scores = product.product(prepared, place)
            looked = best.update(
                scores, margins, vectors, place * self._documents.size, product is self._whole
            )
            if not plain and looked > _TOO_MANY * scores.size:
                patience = 4
            patience = max(0, patience - plain)
        return best.result()

    def _prepared(self, queries: FloatArray, depth: int) -> coarse.Coarse:
        """Returns the product to use, which is chosen and made ready at the first search."""
        if self._coarse is None:
            found: coarse.Coarse | None = None
            if self._product == "low" or (self._product is None and has_amx()):
                found = coarse.Low(self._documents, self._longest)
            elif self._product == "head" or (self._product is None and self._worth_a_head(queries)):
                found = coarse.head(self._documents, queries, depth)
            self._coarse = found or self._whole
        return self._coarse

    def _worth_a_head(self, queries: FloatArray) -> bool:
        """Returns whether turning all documents into another basis can pay."""
        least, most = _HEAD_DIMENSIONS
        fits = least <= self._documents.dimension <= most and len(self._documents) >= _HEAD_DOCUMENTS
        return fits and max(self._expected, len(queries)) >= self._documents.dimension


def _longest(documents: Vectors, place: int) -> float:
    """Returns the length of a chunk's longest vector, after checking them."""
    chunk = documents.chunk(place)
    lengths = np.sqrt(np.einsum("ij,ij->i", chunk, chunk, dtype=np.float64))
    bad = np.flatnonzero(~np.isfinite(lengths))
    if len(bad):
        row = place * documents.size + int(bad[0])
        raise DataError(f"the vector of document row {row}, from 0, holds NaN or infinity")
    return float(lengths.max(initial=0.0))


def check(queries: FloatArray) -> None:
    """Refuses queries whose vectors are no numbers.

    Raises:
        DataError: A query's vector has NaN or infinity in it.
    """
    bad = np.flatnonzero(~np.isfinite(queries).all(axis=1))
    if len(bad):
        raise DataError(f"the vector of query {bad[0]}, from 0, holds NaN or infinity")
