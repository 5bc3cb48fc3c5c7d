"""The inverted index of BM25, built block by block: what grows with the corpus lies in files without names.

Each entry is that of bm25s (arXiv 2407.03618) to the bit: made in float64, kept in fp32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.errors import DataError
from hardneg.core.files import temp_memmap, unlinked_file
from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.inverted.index import Inverted
from hardneg.rankers.kernels.jit import njit

__all__ = ["Postings"]

DoubleArray = npt.NDArray[np.float64]
_IN_MEMORY = 1 << 24
"""Entries of an index that is kept in memory, 8 bytes each; a larger one is mapped from disk."""

_ENTRY = np.dtype([("term", np.int32), ("count", np.int32)])
Rarity = Callable[[DoubleArray, int], DoubleArray]
Repetition = Callable[[FloatArray, DoubleArray, float], DoubleArray]

# What the logarithm is taken of, by how many documents have the term, and how many there are.
_RARITY: dict[str, Rarity] = {
    "lucene": lambda df, n: 1 + (n - df + 0.5) / (df + 0.5),
    "robertson": lambda df, n: np.maximum((n - df + 0.5) / (df + 0.5), 1),
    "atire": lambda df, n: n / df,
}
_REPETITION: dict[str, Repetition] = {
    "lucene": lambda tf, norm, k1: tf / (k1 * norm + tf),
    "robertson": lambda tf, norm, k1: tf / (k1 * norm + tf),
    "atire": lambda tf, norm, k1: (tf * (k1 + 1)) / (tf + k1 * norm),
}


class Postings:
    """Counts the terms of documents, then makes the index of them.

    Args:
        folder: Where what is too large for memory is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blocks: list[tuple[int, int]] = []
        self._distinct: list[IntArray] = []
        self._lengths: list[IntArray] = []
        self._documents_of: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._counts = unlinked_file(folder)

    def add(self, documents: Sequence[Sequence[int]]) -> None:
        """Takes the terms of the next documents.

        Raises:
            DataError: There is no room for them.
        """
        lengths = np.fromiter(map(len, documents), np.int32, len(documents))
        terms = np.fromiter(chain.from_iterable(documents), np.int64, int(lengths.sum()))
        owners = np.repeat(np.arange(len(documents), dtype=np.int64), lengths)
        pairs, counts = np.unique(owners << 32 | terms, return_counts=True)
        entries = np.empty(len(pairs), _ENTRY)
        entries["term"], entries["count"] = pairs & 0xFFFFFFFF, counts
        try:
            self._counts.write(entries.tobytes())
        except OSError as error:
            raise DataError(f"cannot write to {self._folder}: {error.strerror or error}") from error
        size = max(len(self._documents_of), 1 + int(entries["term"].max(initial=-1)))
        grown = np.bincount(entries["term"], minlength=size)
        grown[: len(self._documents_of)] += self._documents_of
        self._documents_of = grown
        self._blocks.append((len(documents), len(entries)))
        self._distinct.append(np.bincount(pairs >> 32, minlength=len(documents)).astype(np.int32))
        self._lengths.append(lengths)

    def index(self, method: str, k1: float, b: float) -> Inverted:
        """Returns the index, each entry with its share of the BM25 score.

        Args:
            method: `lucene`, `robertson` or `atire`.
            k1: How much a term's repetition in a document counts.
            b: How much long documents are held back, 0 to 1.
        """
        lengths = np.concatenate([*self._lengths, np.empty(0, np.int32)])
        n_docs, n_entries = len(lengths), int(self._documents_of.sum())
        begins = np.concatenate([[0], np.cumsum(self._documents_of)]).astype(np.int64)
        docs, weights = self._room(n_entries, np.int32), self._room(n_entries, np.float32)
        if not n_entries:
            return Inverted(np.zeros(1, np.int64), docs, weights, n_docs)
        rarity = np.array(
            [
                math.log(odds)
                for odds in _RARITY[method](self._documents_of.astype(np.float64), n_docs).tolist()
            ],
            np.float32,
        )
        norms = (1 - b) + b * lengths / lengths.mean()
        next_ = begins[:-1].copy()
        first = 0
        self._counts.seek(0)
        for (size, count), distinct in zip(self._blocks, self._distinct, strict=True):
            entries = np.frombuffer(self._counts.read(count * _ENTRY.itemsize), _ENTRY)
            owners = np.repeat(np.arange(first, first + size, dtype=np.int32), distinct)
            terms = np.ascontiguousarray(entries["term"])
            repeated = _REPETITION[method](entries["count"].astype(np.float32), norms[owners], k1)
            _place(terms, owners, (rarity[terms] * repeated).astype(np.float32), next_, docs, weights)
            first += size
        return Inverted(begins, docs, weights, n_docs)

    def _room(self, size: int, kind: Any) -> Any:
        return np.empty(size, kind) if size <= _IN_MEMORY else temp_memmap((size,), kind, self._folder)


@njit
def _place(
    terms: IntArray,
    owners: IntArray,
    shares: FloatArray,
    next_: npt.NDArray[np.int64],
    docs: IntArray,
    weights: FloatArray,
) -> None:
    """Puts a block's entries behind those that their terms have."""
    for entry in range(len(terms)):
        place = next_[terms[entry]]
        docs[place] = owners[entry]
        weights[place] = shares[entry]
        next_[terms[entry]] = place + 1
