"""Cheap scores for exact search: matrix products, with a margin that no exact score goes beyond.

`Fp32` multiplies the vectors as they are, `Bf16` in bf16, `PcaPrefix` only their first coordinates in the
basis of their principal components. The margin holds all that rounding and leaving out can hide:
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
_DOTS = 30
"""What each document that a final bar leaves over costs, in cheap scores of the same dimension: it is scored
exactly, as are two more that pass while the bar is still rising."""
_GAIN = 0.8
"""The cost of the search with all coordinates, less what few of them lose while the bar is still rising."""
_TURNING = 2.5
"""What turning a document into another basis costs, in cheap scores, by dimension."""


class Coarse(Protocol):
    """Scores documents cheaply: no exact score is greater than the cheap one and the margin together."""

    @property
    def near(self) -> bool:
        """Whether no exact score is lower than the cheap one less the margin either."""

    def queries(self, queries: FloatArray) -> tuple[Any, FloatArray]:
        """Returns the queries as `product` wants them, and their margins, (n,) float32."""

    def product(self, queries: Any, place: int, rows: slice) -> FloatArray:
        """Returns (n, m) float32: scores of some rows of a chunk, to be used up before the next call."""


class Fp32:
    """The product of the vectors in fp32.

    Args:
        documents: What is searched.
        longest: The length of the longest document vector.
    """

    near = True

    def __init__(self, documents: Vectors, longest: float) -> None:
        self._documents = documents
        self._longest = longest
        self._buffer = _Buffer()

    def queries(self, queries: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returns the queries, and how far rounding can lead their scores astray."""
        return queries, _rounding(queries, self._documents.dimension) * np.float32(self._longest)

    def product(self, queries: FloatArray, place: int, rows: slice) -> FloatArray:
        """Returns the scores of some rows of a chunk."""
        return self._buffer.product(queries, self._documents.chunk(place, rows))


class Bf16:
    """The product in bf16: quick on processors with AMX or AVX512-BF16, slow on others.

    Args:
        documents: What is searched.
        longest: The length of the longest document vector.
    """

    near = True

    def __init__(self, documents: Vectors, longest: float) -> None:
        import torch

        self._torch = torch
        self._longest = longest
        self._dimension = documents.dimension
        self._chunks = [temp_memmap(chunk.shape, np.int16) for chunk in documents.chunks]
        off = [0.0] * len(self._chunks)

        def fill(places: slice) -> None:
            for place in range(places.start, places.stop):
                chunk = documents.chunk(place)
                low = torch.from_numpy(np.array(chunk)).bfloat16()
                self._chunks[place][:] = low.view(torch.int16).numpy()
                off[place] = float(_lengths(chunk - low.float().numpy()).max())

        with single_threaded_blas():
            parallel_for(fill, len(self._chunks), 1)
        self._off = max(off)

    def queries(self, queries: FloatArray) -> tuple[Any, FloatArray]:
        """Returns the queries in bf16, and what they and the documents lose by it."""
        low = self._torch.from_numpy(np.ascontiguousarray(queries)).bfloat16()
        kept = low.float().numpy()
        margins = _lengths(queries - kept) * self._longest + _lengths(kept) * self._off
        # The sums too are rounded to bf16 in the end; the last term covers all sums before that.
        margins += _lengths(kept) * (self._longest + self._off) * 2.0**-8
        margins += _rounding(kept, self._dimension) * (self._longest + self._off)
        return low, np.asarray(margins * 1.001, np.float32)

    def product(self, queries: Any, place: int, rows: slice) -> FloatArray:
        """Returns the scores of some rows of a chunk."""
        stored = self._torch.from_numpy(self._chunks[place][rows]).view(self._torch.bfloat16)
        scores: FloatArray = self._torch.matmul(queries, stored.T).float().numpy()
        return scores


class PcaPrefix:
    """The product of the first coordinates in the vectors' own basis, and of the lengths of what is left.

    The last column holds the length of the rest, so the product is itself an upper bound. Vectors of a
    trained model lie mostly in few directions, so a third of the coordinates rules out nearly all
    documents. The basis is that of the principal axes of a sample of documents and queries.

    Args:
        documents: What is searched.
        basis: (dimension, dimension) float64, orthonormal, the most important axis first.
        size: How many coordinates to keep.
    """

    near = False

    def __init__(self, documents: Vectors, basis: Any, size: int) -> None:
        self._basis = np.asarray(basis, np.float32)
        self._size = size
        self._dimension = documents.dimension
        # A basis in fp32 is not quite orthonormal: products in it are off by at most this share.
        gram = self._basis.astype(np.float64) @ self._basis.astype(np.float64).T
        self._skew = float(np.linalg.norm(gram - np.eye(len(gram)), 2))
        self._longest = 0.0
        self._chunks: list[FloatArray] = []
        for place in range(len(documents.chunks)):
            chunk = documents.chunk(place)
            stored = temp_memmap((len(chunk), size + 1), np.float32)
            stored[:] = self._shortened(chunk)
            self._longest = max(self._longest, float(_lengths(chunk).max()))
            self._chunks.append(stored)
        self._buffer = _Buffer()

    def queries(self, queries: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returns the queries' first coordinates and rests, and how far rounding can lead astray."""
        # Turned coordinates are sums, each off by `_rounding` at most: their vector by sqrt(dimension) of it.
        margins = (self._dimension**0.5 + 2) * _rounding(queries, self._dimension)
        margins += _lengths(queries) * self._skew
        return self._shortened(queries), np.asarray(margins * self._longest, np.float32)

    def product(self, queries: FloatArray, place: int, rows: slice) -> FloatArray:
        """Returns upper bounds of the scores of some rows of a chunk."""
        return self._buffer.product(queries, self._chunks[place][rows])

    def _shortened(self, vectors: FloatArray) -> FloatArray:
        turned = vectors @ self._basis
        rest = _lengths(turned[:, self._size :])
        return np.concatenate([turned[:, : self._size], rest[:, None]], axis=1, dtype=np.float32)


def head(documents: Vectors, queries: FloatArray, depth: int, asked: int | None) -> PcaPrefix | None:
    """Returns the `PcaPrefix` that should be the fastest for such queries, None if none is worth its while.

    Args:
        documents: What is searched.
        queries: (n, dimension) float32: some of the queries.
        depth: How many documents a query wants.
        asked: How many queries there are in all; None to take the fastest, however long it takes to make.
    """
    turning = 0.0 if asked is None else _TURNING * documents.dimension / asked
    if turning >= _GAIN:
        return None
    rows = np.linspace(0, len(documents) - 1, min(len(documents), _SAMPLE_DOCUMENTS)).astype(np.int32)
    sample = documents.take(np.unique(rows)).astype(np.float64)
    some = queries[:: -(-len(queries) // _SAMPLE_QUERIES)].astype(np.float64)
    both = sample.T @ sample / len(sample) + some.T @ some / len(some)
    basis = np.linalg.eigh(both)[1][:, ::-1]
    size, cost = _best_size(some[::4] @ basis, sample @ basis, depth / len(documents))
    return PcaPrefix(documents, basis, size) if cost + turning < _GAIN else None


def _best_size(queries: Any, documents: Any, share: float) -> tuple[int, float]:
    """Returns how many coordinates to keep, and the cost of a search with them, 1 being that with all."""
    dimension = queries.shape[1]
    scores = queries @ documents.T
    place = min(max(int(share * len(documents)), 1), len(documents) - 1)
    bars = -np.partition(-scores, place, axis=1)[:, place, None]
    costs: dict[int, float] = {}
    for size in range(_STEP, dimension, _STEP):
        rests = _lengths(queries[:, size:])[:, None] * _lengths(documents[:, size:])
        bounds = queries[:, :size] @ documents[:, :size].T + rests
        costs[size] = size / dimension + _DOTS * float((bounds > bars).mean())
    if not costs:
        return dimension, 1.0
    best = min(costs, key=lambda size: costs[size])
    return best, costs[best]


class _Buffer(threading.local):
    """Holds the product of the moment, one for each thread: memory is asked for once."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.float32)

    def product(self, queries: FloatArray, documents: FloatArray) -> FloatArray:
        size = len(queries) * len(documents)
        if len(self._memory) < size:
            self._memory = np.empty(size, np.float32)
        out = self._memory[:size].reshape(len(queries), len(documents))
        np.matmul(queries, documents.T, out=out)
        return out


def _lengths(vectors: Any) -> FloatArray:
    """Returns (n,) float64: the vectors' lengths."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)))


def _rounding(queries: FloatArray, dimension: int) -> FloatArray:
    """Returns (n,) float32: the most by which a sum in fp32 can be off for documents of length 1, doubled."""
    unit = (dimension + 4) * 2.0**-24
    return np.asarray(_lengths(queries) * 2 * unit / (1 - unit), np.float32)
