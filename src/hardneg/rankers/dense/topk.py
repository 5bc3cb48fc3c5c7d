"""Exact nearest neighbours by dot product: a score depends on nothing but the two vectors.

Approximate matrix products rule out nearly all documents: those whose score plus the product's largest error
is below the worst of the best so far. The rest is scored exactly, summed in float64: at the end, from a
shortlist, where a product bounds the score from both sides; at once where it is only an upper bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from hardneg.core.errors import DataError
from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.dense import approximate
from hardneg.rankers.dense.approximate import ApproximateProduct
from hardneg.rankers.dense.bounded_search import BoundedTopK, scored
from hardneg.rankers.dense.models import gpus, has_fast_bf16
from hardneg.rankers.dense.shortlist import Shortlist
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.kernels.parallel import parallel_for, single_threaded_blas, threads
from hardneg.rankers.kernels.top_k import CHUNK, top_k_of

if TYPE_CHECKING:
    from hardneg.rankers.dense.device_search import DeviceSearch

Product = Literal["fp32", "bf16", "pca-prefix"]

_MIN_BLOCK, _MAX_BLOCK = 64, 1_024
"""Queries per block of a thread: few read the documents for little, many leave other threads none."""
_TILE = 1_048_576
"""Scores computed at once: 4 MB, which stay in the processor's caches."""
_BF16_QUERIES = 256
"""Least number of queries for which documents are rounded to bf16."""
_PCA_DOCUMENTS = 20_000
_PCA_DIMENSIONS = (64, 1_024)
_MAX_RESCORED = 0.15
"""Share of rescored pairs above which the next `_FALLBACK_CHUNKS` chunks are searched in fp32."""
_FALLBACK_CHUNKS = 4
_DEVICE_WORK = 1e11
"""Multiplications from which copying the documents to a GPU pays: about a second of a processor."""
_LARGEST = float(np.finfo(np.float32).max) / 2


class ExactSearch:
    """Searches document vectors without approximation.

    Args:
        documents: The document vectors.
        queries: Expected number of queries: for few of them preparing the documents does not pay.
        product: The approximate product, see `approximate`; None for the fastest on this machine.
        devices: Where to search, as torch names it; empty for the processor, None for GPUs where it pays.

    Raises:
        DataError: A document's vector has NaN or infinity in it.
    """

    def __init__(
        self,
        documents: Vectors,
        queries: int = 0,
        product: Product | None = None,
        devices: Sequence[str] | None = None,
    ) -> None:
        self._documents = documents
        self._max_norm = _max_norm(documents)
        self._fp32 = approximate.Fp32(documents, self._max_norm)
        self._approximate: ApproximateProduct | None = None
        self._expected = queries
        self._product = product
        self._devices = () if product else devices
        self._device_search: DeviceSearch | None = None

    def check(self, queries: FloatArray) -> None:
        """Checks the vectors of queries, and that no product with a document is too large.

        Raises:
            DataError: One holds NaN or infinity, or products may not be 32-bit numbers (Cauchy and Schwarz).
        """
        lengths = np.sqrt(np.einsum("ij,ij->i", queries, queries, dtype=np.float64))
        bad = np.flatnonzero(~np.isfinite(lengths))
        if len(bad):
            raise DataError(f"the vector of query {bad[0]}, from 0, holds NaN or infinity")
        large = np.flatnonzero(lengths * self._max_norm > _LARGEST)
        if len(large):
            raise DataError(
                f"the vector of query {large[0]}, from 0, has the length {lengths[large[0]]:.3g}, that of a "
                f"document {self._max_norm:.3g}: their product may be no finite 32-bit number; normalize them"
            )

    def search(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the documents of the highest dot products, best first, ties by document row.

        Args:
            queries: (n, dimension) float32, finite, as their products with documents, else DataError.
            depth: Documents per query.

        Returns:
            docs (n, depth) int32; scores (n, depth) float32; -1 and NaN beyond the last document.
        """
        self.check(queries)
        queries = np.ascontiguousarray(queries, np.float32)
        docs = np.empty((len(queries), depth), np.int32)
        scores = np.empty((len(queries), depth), np.float32)
        if not len(queries):
            return docs, scores
        shortlists = self._device_shortlists(queries, depth)
        if shortlists is not None:
            docs, overflowed = shortlists
            docs, scores = top_k_of(docs, self.score(queries, docs), depth)
            return self._with_overflowed(queries, docs, scores, overflowed)
        product = self._prepare(queries, depth)

        def search(rows: slice) -> None:
            docs[rows], scores[rows] = self._search_block(product, queries[rows], depth)

        size = min(max(-(-len(queries) // threads()), _MIN_BLOCK), _MAX_BLOCK)
        with single_threaded_blas():
            parallel_for(search, len(queries), size)
        return docs, scores

    def score(self, queries: FloatArray, docs: IntArray) -> FloatArray:
        """Returns (n, depth) float32: dot products with given documents, NaN where docs are -1."""
        return scored(queries, self._documents, docs)

    def _search_block(
        self, product: ApproximateProduct, queries: FloatArray, depth: int
    ) -> tuple[IntArray, FloatArray]:
        """Searches for some queries; upper bounds alone give no threshold, so fp32 takes the first chunk."""
        chunks = len(self._documents.chunks)
        first = chunks if product.two_sided else 1
        shortlisting = product if product.two_sided else self._fp32
        docs, overflowed = self._shortlists(shortlisting, queries, depth, first)
        docs, scores = top_k_of(docs, self.score(queries, docs), depth)
        if first < chunks:
            docs, scores = self._search_by_bounds(product, queries, docs, scores, first)
        return self._with_overflowed(queries, docs, scores, overflowed)

    def _with_overflowed(
        self, queries: FloatArray, docs: IntArray, scores: FloatArray, overflowed: IntArray
    ) -> tuple[IntArray, FloatArray]:
        """Returns docs and scores with the results of queries whose shortlists overflowed, searched anew."""
        if len(overflowed):
            empty = np.full_like(docs[overflowed], -1), np.full_like(scores[overflowed], np.nan)
            docs[overflowed], scores[overflowed] = self._search_by_bounds(
                self._fp32, queries[overflowed], *empty, 0
            )
        return docs, scores

    def _device_shortlists(self, queries: FloatArray, depth: int) -> tuple[IntArray, IntArray] | None:
        """Returns what `_shortlists` does over all documents, by a GPU; None where none is used."""
        if self._devices is None:
            n_products = max(self._expected, len(queries)) * len(self._documents)
            worth = n_products * self._documents.dimension >= _DEVICE_WORK
            self._devices = gpus() if worth else ()
        if not self._devices:
            return None
        from hardneg.rankers.dense.device_search import DeviceSearch, OutOfMemory

        try:
            if self._device_search is None:
                self._device_search = DeviceSearch(self._documents, self._max_norm, self._devices)
            return self._device_search.shortlists(queries, depth)
        except OutOfMemory:
            self._devices, self._device_search = (), None
            return None

    def _shortlists(
        self, product: ApproximateProduct, queries: FloatArray, depth: int, chunks: int
    ) -> tuple[IntArray, IntArray]:
        """Returns docs of the first chunks, the best among them, and the rows of queries that overflowed."""
        prepared, margins = product.queries(queries)
        shortlist = Shortlist(margins, depth)
        for number in range(chunks):
            for rows, offset in self._tiles(number, len(queries)):
                shortlist.update(product.product(prepared, number, rows), offset)
        return shortlist.result()

    def _search_by_bounds(
        self, product: ApproximateProduct, queries: FloatArray, docs: IntArray, scores: FloatArray, first: int
    ) -> tuple[IntArray, FloatArray]:
        """Returns the best of given documents and those of all chunks from the first on."""
        prepared = {each: each.queries(queries) for each in (product, self._fp32)}
        best, fallback = BoundedTopK(queries, prepared[self._fp32][1], docs, scores), 0
        for number in range(first, len(self._documents.chunks)):
            current = self._fp32 if fallback else product
            n_rescored = n_pairs = 0
            for rows, offset in self._tiles(number, len(queries)):
                bounds = current.product(prepared[current][0], number, rows)
                vectors = self._documents.chunk(number, rows)
                n_rescored += best.update(bounds, prepared[current][1], vectors, offset)
                n_pairs += bounds.size
            too_many = current is not self._fp32 and n_rescored > _MAX_RESCORED * n_pairs
            fallback = _FALLBACK_CHUNKS if too_many else max(0, fallback - 1)
        return best.result()

    def _tiles(self, number: int, queries: int) -> Iterator[tuple[slice, int]]:
        """Yields a chunk in tiles whose scores fit the caches: rows of the chunk, and the first one's row."""
        size = len(self._documents.chunks[number])
        step = max(2, _TILE // queries // CHUNK) * CHUNK
        for begin in range(0, size, step):
            yield slice(begin, min(begin + step, size)), number * self._documents.size + begin

    def _prepare(self, queries: FloatArray, depth: int) -> ApproximateProduct:
        """Returns the product to use, which is chosen and prepared at the first search."""
        if self._approximate is None:
            n_queries = max(self._expected, len(queries))
            product = self._product or self._fastest(n_queries)
            prepared: ApproximateProduct | None = None
            if product == "bf16":
                prepared = approximate.Bf16(self._documents, self._max_norm)
            elif product == "pca-prefix":
                n_expected = None if self._product else n_queries
                prepared = approximate.pca_prefix(self._documents, queries, depth, n_expected)
            self._approximate = prepared or self._fp32
        return self._approximate

    def _fastest(self, n_queries: int) -> Product:
        least, most = _PCA_DIMENSIONS
        if n_queries >= _BF16_QUERIES and has_fast_bf16():
            return "bf16"
        if least <= self._documents.dimension <= most and len(self._documents) >= _PCA_DOCUMENTS:
            return "pca-prefix"
        return "fp32"


def _max_norm(documents: Vectors) -> float:
    """Returns the length of the longest vector, after checking all for NaN and infinity."""
    longest = [0.0] * len(documents.chunks)

    def measure(numbers: slice) -> None:
        for number in range(numbers.start, numbers.stop):
            chunk = documents.chunk(number)
            lengths = np.sqrt(np.einsum("ij,ij->i", chunk, chunk, dtype=np.float64))
            bad = np.flatnonzero(~np.isfinite(lengths))
            if len(bad):
                row = number * documents.size + int(bad[0])
                raise DataError(f"the vector of document row {row}, from 0, holds NaN or infinity")
            longest[number] = float(lengths.max(initial=0.0))

    parallel_for(measure, len(longest), 1)
    return max(longest)
