"""Sparse dot products over an inverted index: exact, parallel over queries, the same to the bit every time.

BM25 and learned sparse models score alike: the sum, over the terms of the query, of the term's weight in
the query times its weight in the document. Terms are summed in the order in which the query holds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.kernels.jit import njit
from hardneg.rankers.kernels.parallel import parallel_for
from hardneg.rankers.kernels.top_k import best_first, take

__all__ = ["Inverted", "InvertedRanker", "Rows"]

LongArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Sparse rows: the terms of queries.

    Attributes:
        begins: (n + 1,) int64: row i lies at `begins[i]:begins[i + 1]`.
        terms: (entries,) int32, at most once a row.
        weights: (entries,) float32.
    """

    begins: LongArray
    terms: IntArray
    weights: FloatArray

    def part(self, rows: slice) -> tuple[LongArray, IntArray, FloatArray]:
        """Returns the begins of some rows that follow each other, and the terms and weights of all."""
        return self.begins[rows.start : rows.stop + 1], self.terms, self.weights

    def take(self, rows: IntArray) -> Rows:
        """Returns some of the rows."""
        sizes = np.diff(self.begins)[rows]
        begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        entries = np.arange(begins[-1]) + np.repeat(self.begins[rows] - begins[:-1], sizes)
        return Rows(begins, self.terms[entries], self.weights[entries])

    @classmethod
    def joined(cls, blocks: Sequence[Rows]) -> Rows:
        """Returns the rows of all blocks, one after the other."""
        sizes = np.concatenate([np.diff(block.begins) for block in blocks] or [np.empty(0, np.int64)])
        return cls(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.concatenate([block.terms for block in blocks] or [np.empty(0, np.int32)]),
            np.concatenate([block.weights for block in blocks] or [np.empty(0, np.float32)]),
        )


@dataclass(frozen=True)
class Inverted:
    """The documents of each term.

    Attributes:
        begins: (n_terms + 1,) int64: term t's documents lie at `begins[t]:begins[t + 1]`.
        docs: (entries,) int32, ascending within a term.
        weights: (entries,) float32.
        n_docs: How many documents there are.
    """

    begins: LongArray
    docs: IntArray
    weights: FloatArray
    n_docs: int

    @classmethod
    def of(cls, documents: Rows, n_docs: int, n_terms: int) -> Inverted:
        """Returns the index of documents given as sparse rows.

        Args:
            documents: One row a document.
            n_docs: How many documents there are.
            n_terms: How many terms there are.
        """
        order = np.argsort(documents.terms, kind="stable")
        docs = np.repeat(np.arange(n_docs, dtype=np.int32), np.diff(documents.begins))[order]
        begins = np.searchsorted(documents.terms[order], np.arange(n_terms + 1))
        return cls(begins, docs, documents.weights[order], n_docs)

    def search(self, queries: Rows, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the documents of the highest scores above 0, best first, ties by document row.

        Returns:
            docs (n, depth) int32, -1 where there are fewer; scores (n, depth) float32, NaN there.
        """
        n = len(queries.begins) - 1
        docs = np.full((n, depth), -1, np.int32)
        scores = np.full((n, depth), np.nan, np.float32)
        parallel_for(
            lambda rows: _search(*self._arrays, self.n_docs, *queries.part(rows), docs[rows], scores[rows]), n
        )
        return docs, scores

    def score(self, queries: Rows, docs: IntArray) -> FloatArray:
        """Returns (n, depth) float32: scores of given documents, NaN where docs are -1."""
        scores = np.empty(docs.shape, np.float32)
        docs = np.ascontiguousarray(docs, np.int32)
        parallel_for(
            lambda rows: _score(*self._arrays, *queries.part(rows), docs[rows], scores[rows]), len(docs)
        )
        return scores

    @property
    def _arrays(self) -> tuple[LongArray, IntArray, FloatArray]:
        return self.begins, self.docs, self.weights


class InvertedRanker:
    """A ranker over an inverted index, its queries already split into terms.

    Args:
        index: The documents.
        queries: The terms of all queries of the collection, in row order.
        facts: What to record of it.
    """

    retrieves = True

    def __init__(self, index: Inverted, queries: Rows, facts: Mapping[str, Any]) -> None:
        self.facts = facts
        self._index = index
        self._queries = queries

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best documents that score above 0; see `Ranker.search`."""
        return self._index.search(self._queries.take(queries), depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents, 0 where no term is shared; see `Ranker.score`."""
        return self._index.score(self._queries.take(queries), docs)


@njit
def _search(
    begins: LongArray,
    postings: IntArray,
    weights: FloatArray,
    n_docs: int,
    rows: LongArray,
    terms: IntArray,
    term_weights: FloatArray,
    docs: IntArray,
    scores: FloatArray,
) -> None:
    totals = np.empty(n_docs, np.float32)
    for row in range(len(docs)):
        totals[:] = 0
        for entry in range(rows[row], rows[row + 1]):
            term, weight = terms[entry], term_weights[entry]
            for place in range(begins[term], begins[term + 1]):
                totals[postings[place]] += weight * weights[place]
        size = take(totals, 0, 0.0, docs[row], scores[row], 0)
        best_first(docs[row], scores[row], size)


@njit
def _score(
    begins: LongArray,
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
                place = _find(postings, begins[term], begins[term + 1], doc)
                if place >= 0:
                    total += weight * weights[place]
            scores[row, column] = total


@njit
def _find(postings: IntArray, begin: int, end: int, doc: int) -> int:
    """Returns the place of a document among a term's, -1 if it is not there."""
    last = end
    while begin < end:
        middle = (begin + end) // 2
        if postings[middle] < doc:
            begin = middle + 1
        else:
            end = middle
    return begin if begin < last and postings[begin] == doc else -1
