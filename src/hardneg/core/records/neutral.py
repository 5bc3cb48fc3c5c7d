"""Pairs that are neither positive nor negative, by a source that knows more than it judges."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from hardneg.core.records.arrays import BoolArray, IntArray, PairSet

SAME_CLASS = "same_class"
UNDECIDED = "undecided"
SAME_DOCUMENT = "same_document"
NEUTRAL = (SAME_CLASS, UNDECIDED, SAME_DOCUMENT)
"""Their reasons in the ledger."""


@dataclass(frozen=True)
class Neutral:
    """Documents that are neither positives nor negatives of a query: those of its class, and single pairs.

    A class takes 4 bytes for each of its documents and queries, however many pairs they make.

    Attributes:
        query_class: (n_queries,) int32, the class of each query; -1 for none.
        doc_class: (n_docs,) int32, the class of each document; -1 for none, `SEVERAL` for any.
        query: (n,) int32, the query rows of single pairs.
        doc: (n,) int32, their document rows.
        reason: What a ledger calls them, one of `NEUTRAL`.
    """

    query_class: IntArray
    doc_class: IntArray
    query: IntArray
    doc: IntArray
    reason: str

    SEVERAL: ClassVar[int] = -2

    def has(self, queries: IntArray, docs: IntArray) -> BoolArray:
        """Returns (n_queries, depth) bool: which documents are neutral if not judged relevant.

        Args:
            queries: (n_queries,) int32.
            docs: (n_queries, depth) int32.
        """
        own, classes = self.query_class[queries][:, None], self.doc_class[docs]
        same = (own >= 0) & ((classes == own) | (classes == self.SEVERAL))
        return np.asarray((same & (docs >= 0)) | self._pairs.has(queries, docs))

    @cached_property
    def most(self) -> int:
        """The most neutral documents that a query may have."""
        of_class = np.bincount(self.doc_class[self.doc_class >= 0]).max(initial=0)
        alone = np.bincount(self.query).max(initial=0)
        return int(of_class + (self.doc_class == self.SEVERAL).sum() + alone)

    def part(self, queries: IntArray, docs: IntArray) -> Neutral:
        """Returns what is neutral among some query and document rows, both ascending, by their new rows."""
        kept = np.isin(self.query, queries) & np.isin(self.doc, docs)
        return Neutral(
            self.query_class[queries],
            self.doc_class[docs],
            np.searchsorted(queries, self.query[kept]).astype(np.int32),
            np.searchsorted(docs, self.doc[kept]).astype(np.int32),
            self.reason,
        )

    def digest(self, digest: str) -> str:
        """Returns the digest of a collection that has the given one without these pairs, hexadecimal."""
        arrays = (self.query_class, self.doc_class, self.query, self.doc)
        hashed = hashlib.sha256(f"{digest} {[len(array) for array in arrays]}".encode())
        for array in arrays:
            hashed.update(array.astype("<i4").tobytes())
        return hashed.hexdigest()

    @cached_property
    def _pairs(self) -> PairSet:
        return PairSet(self.query, self.doc)
