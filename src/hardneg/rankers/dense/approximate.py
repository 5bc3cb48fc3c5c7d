"""Approximate scores for exact search: matrix products, each with a margin that bounds its error.

`Fp32` multiplies the vectors as they are, `Bf16` in bf16, `PcaPrefix` only their first coordinates in the
basis of their principal components. The margin bounds the error of rounding and of leaving out coordinates:
|q - q'| |d| + |q'| |d - d'| (Cauchy and Schwarz), and the rounding of sums (Higham, Accuracy and Stability
of Numerical Algorithms, section 3.1).
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

import numpy as np

from hardneg.core.files import temp_memmap
from hardneg.core.records import FloatArray
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.kernels.parallel import parallel_for, single_threaded_blas

_SAMPLE_DOCUMENTS = 8_192
_SAMPLE_QUERIES = 256
_STEP = 32
_EXACT_COST = 30
"""Cost of a document above the final threshold, in approximate scores of the same dimension: it is scored
exactly, as are two more that pass while the threshold is still rising."""
_MAX_COST = 0.8
"""Cost, in searches with all coordinates, below which a prefix pays: the low first thresholds cost more."""
_ROTATION_COST = 2.5
"""Cost of rotating a document into another basis, in approximate scores, per dimension."""


class ApproximateProduct(Protocol):
    """Scores documents approximately: no exact score is greater than the approximate one plus the margin."""

    @property
    def two_sided(self) -> bool:
        """Whether no exact score is lower than the approximate one minus the margin either."""

    def queries(self, queries: FloatArray) -> tuple[Any, FloatArray]:
        """Returns the queries in the format that `product` takes, and their margins, (n,) float32."""

    def product(self, queries: Any, number: int, rows: slice) -> FloatArray:
        """Returns (n, m) float32: scores of some rows of a chunk, valid until the next call."""


class Fp32:
    """The product of the vectors in fp32; the longest document vector has the length `max_norm`."""

    two_sided = True

    def __init__(self, documents: Vectors, max_norm: float) -> None:
        self._documents = documents
        self._max_norm = max_norm
        self._buffer = _Buffer()

    def queries(self, queries: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returns the queries, and the most by which rounding changes their scores."""
        return queries, _rounding(queries, self._documents.dimension) * np.float32(self._max_norm)

    def product(self, queries: FloatArray, number: int, rows: slice) -> FloatArray:
        """Returns the scores of some rows of a chunk."""
        return self._buffer.product(queries, self._documents.chunk(number, rows))


class Bf16:
    """The product in bf16: fast on processors with AMX or AVX512-BF16, slow on others."""

    two_sided = True

    def __init__(self, documents: Vectors, max_norm: float) -> None:
        import torch

        self._torch = torch
        self._max_norm = max_norm
        self._dimension = documents.dimension
        self._chunks = [temp_memmap(chunk.shape, np.int16) for chunk in documents.chunks]
        errors = [0.0] * len(self._chunks)

        def fill(numbers: slice) -> None:
            for number in range(numbers.start, numbers.stop):
                chunk = documents.chunk(number)
                rounded = torch.from_numpy(np.array(chunk)).bfloat16()
                self._chunks[number][:] = rounded.view(torch.int16).numpy()
                errors[number] = float(norms(chunk - rounded.float().numpy()).max())

        with single_threaded_blas():
            parallel_for(fill, len(self._chunks), 1)
        self._max_error = max(errors)

    def queries(self, queries: FloatArray) -> tuple[Any, FloatArray]:
        """Returns the queries in bf16, and the error of rounding them and the documents."""
        rounded = self._torch.from_numpy(np.ascontiguousarray(queries)).bfloat16()
        kept = rounded.float().numpy()
        margins = norms(queries - kept) * self._max_norm + norms(kept) * self._max_error
        # The result is rounded to bf16 too; the last term covers the sums before that.
        margins += norms(kept) * (self._max_norm + self._max_error) * 2.0**-8
        margins += _rounding(kept, self._dimension) * (self._max_norm + self._max_error)
        return rounded, np.asarray(margins * 1.001, np.float32)

    def product(self, queries: Any, number: int, rows: slice) -> FloatArray:
        """Returns the scores of some rows of a chunk."""
        stored = self._torch.from_numpy(self._chunks[number][rows]).view(self._torch.bfloat16)
        scores: FloatArray = self._torch.matmul(queries, stored.T).float().numpy()
        return scores


class PcaPrefix:
    """The product of the first coordinates in the vectors' own basis, and of the lengths of what is left.

    The last column holds the length of the rest, so the product is itself an upper bound. The variance of a
    trained model's vectors is in few directions, so a third of the coordinates rules out nearly all
    documents. The basis, (dimension, dimension) float64, is orthonormal, the most important axis first: the
    principal axes of a sample of documents and queries.
    """

    two_sided = False

    def __init__(self, documents: Vectors, basis: Any, size: int) -> None:
        self._basis = np.asarray(basis, np.float32)
        self._size = size
        self._dimension = documents.dimension
        # A basis in fp32 is not quite orthonormal: this bounds the relative error of products in it.
        gram = self._basis.astype(np.float64) @ self._basis.astype(np.float64).T
        self._basis_error = float(np.linalg.norm(gram - np.eye(len(gram)), 2))
        self._max_norm = 0.0
        self._chunks: list[FloatArray] = []
        for number in range(len(documents.chunks)):
            chunk = documents.chunk(number)
            stored = temp_memmap((len(chunk), size + 1), np.float32)
            stored[:] = self._prefixes(chunk)
            self._max_norm = max(self._max_norm, float(norms(chunk).max()))
            self._chunks.append(stored)
        self._buffer = _Buffer()

    def queries(self, queries: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returns the queries' first coordinates and lengths of the rests, and the error of rounding."""
        # Each rotated coordinate is a sum with an error of `_rounding`: the vector has sqrt(dimension) of it.
        margins = (self._dimension**0.5 + 2) * _rounding(queries, self._dimension)
        margins += norms(queries) * self._basis_error
        return self._prefixes(queries), np.asarray(margins * self._max_norm, np.float32)

    def product(self, queries: FloatArray, number: int, rows: slice) -> FloatArray:
        """Returns upper bounds of the scores of some rows of a chunk."""
        return self._buffer.product(queries, self._chunks[number][rows])

    def _prefixes(self, vectors: FloatArray) -> FloatArray:
        rotated = vectors @ self._basis
        rest = norms(rotated[:, self._size :])
        return np.concatenate([rotated[:, : self._size], rest[:, None]], axis=1, dtype=np.float32)


def pca_prefix(
    documents: Vectors, queries: FloatArray, depth: int, n_queries: int | None
) -> PcaPrefix | None:
    """Returns the `PcaPrefix` expected to be fastest for such queries, None if all coordinates are faster.

    The cost of building it is left out of account where the number of queries in all, `n_queries`, is None.
    """
    rotation = 0.0 if n_queries is None else _ROTATION_COST * documents.dimension / n_queries
    if rotation >= _MAX_COST:
        return None
    rows = np.linspace(0, len(documents) - 1, min(len(documents), _SAMPLE_DOCUMENTS)).astype(np.int32)
    sample = documents.take(np.unique(rows)).astype(np.float64)
    sample_queries = queries[:: -(-len(queries) // _SAMPLE_QUERIES)].astype(np.float64)
    covariance = sample.T @ sample / len(sample) + sample_queries.T @ sample_queries / len(sample_queries)
    basis = np.linalg.eigh(covariance)[1][:, ::-1]
    size, cost = _best_size(sample_queries[::4] @ basis, sample @ basis, depth / len(documents))
    return PcaPrefix(documents, basis, size) if cost + rotation < _MAX_COST else None


def _best_size(queries: Any, documents: Any, share: float) -> tuple[int, float]:
    """Returns the number of coordinates to keep, and the cost of a search with them; with all it is 1."""
    dimension = queries.shape[1]
    scores = queries @ documents.T
    rank = min(max(int(share * len(documents)), 1), len(documents) - 1)
    thresholds = -np.partition(-scores, rank, axis=1)[:, rank, None]
    costs: dict[int, float] = {}
    for size in range(_STEP, dimension, _STEP):
        rests = norms(queries[:, size:])[:, None] * norms(documents[:, size:])
        bounds = queries[:, :size] @ documents[:, :size].T + rests
        costs[size] = size / dimension + _EXACT_COST * float((bounds > thresholds).mean())
    if not costs:
        return dimension, 1.0
    best = min(costs, key=lambda size: costs[size])
    return best, costs[best]


class _Buffer(threading.local):
    """Memory for products, one buffer per thread, allocated once."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.float32)

    def product(self, queries: FloatArray, documents: FloatArray) -> FloatArray:
        size = len(queries) * len(documents)
        if len(self._memory) < size:
            self._memory = np.empty(size, np.float32)
        out = self._memory[:size].reshape(len(queries), len(documents))
        np.matmul(queries, documents.T, out=out)
        return out


def norms(vectors: Any) -> FloatArray:
    """Returns (n,) float64: the vectors' lengths."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)))


def _rounding(queries: FloatArray, dimension: int) -> FloatArray:
    """Returns (n,) float32: twice the largest error of a sum in fp32, for documents of length 1."""
    unit = (dimension + 4) * 2.0**-24
    return np.asarray(norms(queries) * 2 * unit / (1 - unit), np.float32)
