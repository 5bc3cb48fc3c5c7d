"""What validators share: which candidates get evidence, and its arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray, IntArray


def in_depth(candidates: Candidates, collection: Collection, depth: int | None) -> BoolArray:
    """Returns (n_queries, depth) bool: the candidates of the first ranks, and the positives.

    Args:
        candidates: A block.
        collection: Whose judgments say what is positive.
        depth: How many ranks; None for all.
    """
    present = candidates.docs >= 0
    if depth is None:
        return present
    near = (candidates.ranks > 0) & (candidates.ranks <= depth)
    return present & (near | collection.judgments.relevant.has(candidates.queries, candidates.docs))


def iter_rows(candidates: Candidates) -> Iterator[tuple[int, IntArray]]:
    """Yields (row, documents) of a block, the padding left out."""
    for row, docs in enumerate(candidates.docs):
        yield row, docs[docs >= 0]


def scatter(candidates: Candidates, row: int, values: FloatArray, evidence: FloatArray) -> None:
    """Writes the values of one row's documents, as `iter_rows` gave them, into evidence, in place."""
    evidence[row, candidates.docs[row] >= 0] = values


def empty_evidence(candidates: Candidates) -> FloatArray:
    """Returns (n_queries, depth) float32: NaN for every candidate."""
    return np.full(candidates.shape, np.nan, np.float32)
