"""Sparse dot products over an inverted index: exact, parallel over queries, the same bits every time.

BM25 and learned sparse models score alike: the sum, over the terms of the query, of the term's weight in
the query times its weight in the document. Terms are summed in the order in which the query holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.inverted.max_score import SUMMED_WHOLE, WINDOW, LongArray, search_rows, weight_ranges
from hardneg.rankers.kernels.jit import njit
from hardneg.rankers.kernels.parallel import parallel_for


@dataclass(frozen=True)
class SparseRows:
    """The terms of texts, one row a text (CSR).

    Attributes:
        indptr: (n + 1,) int64: row i is stored at `indptr[i]:indptr[i + 1]`.
        terms: (entries,) int32, each at most once per row.
        weights: (entries,) float32.
    """

    indptr: LongArray
    terms: IntArray
    weights: FloatArray

    @property
    def is_sound(self) -> bool:
        """Whether the arrays fit together, so that a search reads nothing beyond them."""
        return _are_sound(self.indptr, self.terms, self.weights, np.iinfo(np.int32).max)

    def arrays(self, rows: slice) -> tuple[LongArray, IntArray, FloatArray]:
        """Returns the `indptr` of consecutive rows, and the terms and weights of all rows."""
        return self.indptr[rows.start : rows.stop + 1], self.terms, self.weights

    def select(self, rows: IntArray) -> SparseRows:
        """Returns the rows of these numbers."""
        sizes = np.diff(self.indptr)[rows]
        indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        entries = np.arange(indptr[-1]) + np.repeat(self.indptr[rows] - indptr[:-1], sizes)
        return SparseRows(indptr, self.terms[entries], self.weights[entries])

    @classmethod
    def concatenated(cls, blocks: Sequence[SparseRows]) -> SparseRows:
        """Returns the rows of all blocks, one after the other."""
        sizes = np.concatenate([np.diff(block.indptr) for block in blocks] or [np.empty(0, np.int64)])
        return cls(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.concatenate([block.terms for block in blocks] or [np.empty(0, np.int32)]),
            np.concatenate([block.weights for block in blocks] or [np.empty(0, np.float32)]),
        )


@dataclass(frozen=True)
class InvertedIndex:
    """The documents of each term.

    Attributes:
        indptr: (n_terms + 1,) int64: term t's documents are stored at `indptr[t]:indptr[t + 1]`.
        docs: (entries,) int32, ascending within a term.
        weights: (entries,) float32.
        n_docs: Number of documents.
        names: The name of each term, where terms have names.
        ranges: `weight_ranges`, where they are known.
    """

    indptr: LongArray
    docs: IntArray
    weights: FloatArray
    n_docs: int
    names: Sequence[str] = ()
    ranges: FloatArray | None = None

    @property
    def is_sound(self) -> bool:
        """Whether the arrays fit together, so that a search reads nothing beyond them."""
        fit = len(self.names) < len(self.indptr) and (
            self.ranges is None or self.ranges.shape == (len(self.indptr) - 1, 2)
        )
        sound = fit and _are_sound(self.indptr, self.docs, self.weights, self.n_docs)
        return sound and _documents_ascend(self.indptr, self.docs)

    @classmethod
    def of(cls, documents: SparseRows, n_docs: int, n_terms: int) -> InvertedIndex:
        """Returns the index of documents given as sparse rows."""
        order = np.argsort(documents.terms, kind="stable")
        docs = np.repeat(np.arange(n_docs, dtype=np.int32), np.diff(documents.indptr))[order]
        indptr = np.searchsorted(documents.terms[order], np.arange(n_terms + 1))
        return cls(indptr, docs, documents.weights[order], n_docs)

    @cached_property
    def weight_ranges(self) -> FloatArray:
        """(n_terms, 2) float32: the lowest and highest weight of each term, 0 where it has none."""
        return weight_ranges(self.indptr, self.weights) if self.ranges is None else self.ranges

    def search(
        self,
        queries: SparseRows,
        depth: int,
        part: tuple[int, int] | None = None,
        floors: FloatArray | None = None,
    ) -> tuple[IntArray, FloatArray]:
        """Returns the documents of the highest scores above 0, best first, ties by document row.

        Args:
            queries: The terms of the queries.
            depth: Documents per query.
            part: The first document to look at and the one behind the last; None for all.
            floors: (n,) float32: what scores below its query's may be left out.

        Returns:
            docs (n, depth) int32, -1 behind the last; scores (n, depth) float32, NaN behind the last.
        """
        shape = len(queries.indptr) - 1, depth
        docs, scores = np.full(shape, -1, np.int32), np.full(shape, np.nan, np.float32)
        index = self.indptr, self.docs, self.weights, self.weight_ranges, self.n_docs
        own = part or (0, self.n_docs)
        below = (
            np.zeros(shape[0], np.float32) if floors is None else np.nextafter(floors, np.float32(-np.inf))
        )

        def search(rows: slice) -> None:
            found = docs[rows], scores[rows]
            search_rows(*index, *queries.arrays(rows), *found, own, below[rows], WINDOW, SUMMED_WHOLE)

        parallel_for(search, len(docs))
        return docs, scores

    def score(self, queries: SparseRows, docs: IntArray) -> FloatArray:
        """Returns (n, depth) float32: scores of given documents, NaN where docs are -1."""
        scores = np.empty(docs.shape, np.float32)
        docs = np.ascontiguousarray(docs, np.int32)
        index = self.indptr, self.docs, self.weights
        parallel_for(lambda rows: _score(*index, *queries.arrays(rows), docs[rows], scores[rows]), len(docs))
        return scores


class InvertedRanker:
    """A ranker over an inverted index; the queries are all of the collection, in row order.

    `reopen` maps the index where the ranker is unpickled; None pickles the index itself.
    """

    retrieves = True

    def __init__(
        self,
        index: InvertedIndex,
        queries: SparseRows,
        facts: Mapping[str, Any],
        reopen: Callable[[], InvertedIndex] | None = None,
    ) -> None:
        self.facts = facts
        self.index = index
        self._queries = queries
        self._reopen = reopen

    @cached_property
    def index(self) -> InvertedIndex:
        """The index of the documents."""
        assert self._reopen is not None
        return self._reopen()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "index" or not self._reopen}

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best documents that score above 0; see `OpenedRanker.search`."""
        return self.index.search(self._queries.select(queries), depth)

    def part(self, begin: int, end: int, n_queries: int) -> InvertedPart:
        """Returns what searches some documents; see `ShardableRanker.part`."""
        return InvertedPart(self.index, self._queries, (begin, end))

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents, 0 where no term is shared; see `OpenedRanker.score`."""
        return self.index.score(self._queries.select(queries), docs)


@dataclass(frozen=True)
class InvertedPart:
    """Search of some documents of an inverted index, which reads no others."""

    index: InvertedIndex
    rows: SparseRows
    documents: tuple[int, int]

    def search(self, queries: IntArray, depth: int, floors: FloatArray) -> tuple[IntArray, FloatArray]:
        """Returns the best of these documents that score above 0; see `RankerPart.search`."""
        return self.index.search(self.rows.select(queries), depth, self.documents, floors)


def _are_sound(indptr: LongArray, columns: IntArray, weights: FloatArray, limit: int) -> bool:
    arrays = (indptr, np.int64), (columns, np.int32), (weights, np.float32)
    if any(array.dtype != kind or array.ndim != 1 for array, kind in arrays) or not len(indptr):
        return False
    fit = indptr[0] == 0 and indptr[-1] == len(columns) == len(weights) and bool((np.diff(indptr) >= 0).all())
    return fit and (not len(columns) or (columns.min() >= 0 and columns.max() < limit))


@njit
def _documents_ascend(indptr: LongArray, docs: IntArray) -> bool:
    for term in range(len(indptr) - 1):
        for posting in range(indptr[term] + 1, indptr[term + 1]):
            if docs[posting] <= docs[posting - 1]:
                return False
    return True


@njit
def _score(
    indptr: LongArray,
    postings: IntArray,
    weights: FloatArray,
    rows: LongArray,
    terms: IntArray,
    term_weights: FloatArray,
    docs: IntArray,
    scores: FloatArray,
) -> None:
    for row in range(len(docs)):
        for column in range(docs.shape[1]):
            doc = docs[row, column]
            total = np.float32(0 if doc >= 0 else np.nan)
            for entry in range(rows[row], rows[row + 1]):
                term, weight = terms[entry], term_weights[entry]
                posting = _binary_search(postings, indptr[term], indptr[term + 1], doc)
                if posting >= 0:
                    total += weight * weights[posting]
            scores[row, column] = total


@njit
def _binary_search(postings: IntArray, begin: int, end: int, doc: int) -> int:
    """Returns the position of a document in `begin:end`, -1 if it is not in it."""
    last = end
    while begin < end:
        middle = (begin + end) // 2
        if postings[middle] < doc:
            begin = middle + 1
        else:
            end = middle
    return begin if begin < last and postings[begin] == doc else -1
