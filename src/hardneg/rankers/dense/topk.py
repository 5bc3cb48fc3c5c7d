"""Exact nearest neighbours by dot product: the answer depends on nothing but the two vectors.

Cheap matrix products rule out nearly all documents: those whose score, with all that the product can be
wrong by, stays below the worst of the best so far. What is left is scored exactly, summed in float64: where
products are near the exact scores, a shortlist in the end; where they only bound them, on the spot.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from hardneg.core.errors import DataError
from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.dense import approximate
from hardneg.rankers.dense.bounded_search import BoundedTopK, scored
from hardneg.rankers.dense.precision import has_fast_bf16
from hardneg.rankers.dense.shortlist import Shortlist
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.kernels.parallel import parallel_for, single_threaded_blas, threads
from hardneg.rankers.kernels.top_k import CHUNK, top

Product = Literal["whole", "low", "head"]

_FEWEST, _MOST = 64, 1_024
"""Queries that a thread takes at once: few read the documents for little, many leave other threads none."""
_TILE = 1_048_576
"""Scores in hand at once: 4 MB, which stay in the processor's caches."""
_LOW_QUERIES = 256
_HEAD_DOCUMENTS = 20_000
_HEAD_DIMENSIONS = (64, 1_024)
_TOO_MANY = 0.15
_PATIENCE = 4


class ExactSearch:
    """Searches document vectors without approximation.

    Args:
        documents: The document vectors.
        queries: How many queries are to be expected: few are not worth long preparations.
        product: Which cheap product to use, see `approximate`; None for what the machine is fast at.

    Raises:
        DataError: A document's vector has NaN or infinity in it.
    """

    def __init__(self, documents: Vectors, queries: int = 0, product: Product | None = None) -> None:
        self._documents = documents
        self._longest = max(_longest(documents, place) for place in range(len(documents.chunks)))
        self._whole = approximate.Fp32(documents, self._longest)
        self._coarse: approximate.Coarse | None = None
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
        queries = np.ascontiguousarray(queries, np.float32)
        docs = np.empty((len(queries), depth), np.int32)
        scores = np.empty((len(queries), depth), np.float32)
        if not len(queries):
            return docs, scores
        cheap = self._prepared(queries, depth)

        def found(rows: slice) -> None:
            docs[rows], scores[rows] = self._block(cheap, queries[rows], depth)

        size = min(max(-(-len(queries) // threads()), _FEWEST), _MOST)
        with single_threaded_blas():
            parallel_for(found, len(queries), size)
        return docs, scores

    def score(self, queries: FloatArray, docs: IntArray) -> FloatArray:
        """Returns (n, depth) float32: dot products with given documents, NaN where docs are -1."""
        return scored(queries, self._documents, docs)

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: dot products of (n,) documents with (n, m) others, NaN for -1."""
        return self.score(self._documents.take(docs), others)

    def _block(
        self, cheap: approximate.Coarse, queries: FloatArray, depth: int
    ) -> tuple[IntArray, FloatArray]:
        """Searches for some queries; bounds alone give no bar, so the first chunk is multiplied whole."""
        chunks = len(self._documents.chunks)
        first = chunks if cheap.near else 1
        docs, scores, crowded = self._listed(cheap if cheap.near else self._whole, queries, depth, first)
        if first < chunks:
            docs, scores = self._sifted(cheap, queries, docs, scores, first)
        if len(crowded):
            nothing = np.full_like(docs[crowded], -1), np.full_like(scores[crowded], np.nan)
            docs[crowded], scores[crowded] = self._sifted(self._whole, queries[crowded], *nothing, 0)
        return docs, scores

    def _listed(
        self, product: approximate.Coarse, queries: FloatArray, depth: int, chunks: int
    ) -> tuple[IntArray, FloatArray, IntArray]:
        """Returns the best documents of the first chunks, and the rows of queries that are crowded there."""
        prepared, margins = product.queries(queries)
        shortlist = Shortlist(margins, depth)
        for place in range(chunks):
            for rows, offset in self._tiles(place, len(queries)):
                shortlist.update(product.product(prepared, place, rows), offset)
        docs, crowded = shortlist.result()
        columns, scores = top(self.score(queries, docs), depth)
        best = np.take_along_axis(docs, np.maximum(columns, 0), axis=1)
        return np.where(columns >= 0, best, np.int32(-1)), scores, crowded

    def _sifted(
        self, cheap: approximate.Coarse, queries: FloatArray, docs: IntArray, scores: FloatArray, first: int
    ) -> tuple[IntArray, FloatArray]:
        """Returns the best of given documents and those of all chunks from the first on."""
        products = {product: product.queries(queries) for product in (cheap, self._whole)}
        best, patience = BoundedTopK(queries, products[self._whole][1], docs, scores), 0
        for place in range(first, len(self._documents.chunks)):
            product = self._whole if patience else cheap
            prepared, margins = products[product]
            looked = seen = 0
            for rows, offset in self._tiles(place, len(queries)):
                bounds = product.product(prepared, place, rows)
                looked += best.update(bounds, margins, self._documents.chunk(place, rows), offset)
                seen += bounds.size
            too_many = product is not self._whole and looked > _TOO_MANY * seen
            patience = _PATIENCE if too_many else max(0, patience - 1)
        return best.result()

    def _tiles(self, place: int, queries: int) -> Iterator[tuple[slice, int]]:
        """Yields a chunk in tiles whose scores stay in the caches: rows of the chunk, and the first's row."""
        size = len(self._documents.chunks[place])
        step = max(2, _TILE // queries // CHUNK) * CHUNK
        for begin in range(0, size, step):
            yield slice(begin, min(begin + step, size)), place * self._documents.size + begin

    def _prepared(self, queries: FloatArray, depth: int) -> approximate.Coarse:
        """Returns the product to use, which is chosen and made ready at the first search."""
        if self._coarse is None:
            found: approximate.Coarse | None = None
            asked = max(self._expected, len(queries))
            quick = self._product is None and asked >= _LOW_QUERIES and has_fast_bf16()
            if self._product == "low" or quick:
                found = approximate.Bf16(self._documents, self._longest)
            elif self._product == "head" or (self._product is None and self._fits_a_head()):
                found = approximate.head(self._documents, queries, depth, None if self._product else asked)
            self._coarse = found or self._whole
        return self._coarse

    def _fits_a_head(self) -> bool:
        least, most = _HEAD_DIMENSIONS
        return least <= self._documents.dimension <= most and len(self._documents) >= _HEAD_DOCUMENTS


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
