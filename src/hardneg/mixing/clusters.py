"""The order of rows in which queries follow each other that were mined from the same documents.

Queries are near to each other where their candidates in the ledger are the same: the documents of one are
then hard for the other, and the run has looked at them, so that those suspected to be relevant are known. Any
run has a ledger, whatever its rankers. Batches of near queries have harder negatives in them: TAS-B (arXiv
2104.06967), clustered pretraining (arXiv 2407.18887).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.runs import ledger
from hardneg.runs.finished import FinishedRun
from hardneg.runs.table import rows_in

Order = npt.NDArray[np.int64]

_STARTS, _STEPS = 4, 10
"""How often a set is halved, of which the best is taken, and how often two halves are made of their means."""


def candidate_vectors(run: FinishedRun) -> Any:
    """Returns a vector of length 1 for each query of a run: its candidates as terms, weighted by idf.

    Returns:
        (n_queries, n_documents) scipy.sparse.csr_array of float32, without documents that are a candidate of
        one query alone; copies are one document.
    """
    from scipy import sparse

    documents, queries = run.collection.documents, run.collection.queries
    rows = [np.empty((2, 0), np.int32)]
    for path in ledger.parts(run.directory):
        table = ledger.read_table(path, ["query_id", "doc_id"])
        asked = rows_in(queries.rows, table["query_id"])
        rows.append(np.stack([asked, rows_in(documents.rows, table["doc_id"])]))
    query, doc = np.concatenate(rows, axis=1).astype(np.int64)
    codes = np.unique(query << 32 | documents.first_alike[doc])
    query, doc = codes >> 32, codes & 0xFFFFFFFF
    counts = np.bincount(doc, minlength=len(documents))
    n_queries = max(len(np.unique(query)), 1)
    shared = counts[doc] > 1
    weights = np.log(n_queries / counts[doc][shared]).astype(np.float32)
    shape = len(queries), len(documents)
    matrix = sparse.csr_array((weights, (query[shared], doc[shared])), shape=shape, dtype=np.float32)
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    return sparse.csr_array(sparse.diags_array(1 / np.maximum(lengths, 1e-12)) @ matrix, dtype=np.float32)


def near_order(matrix: Any, chosen: Order, size: int, random: np.random.Generator) -> Order:
    """Returns rows in an order in which near ones follow each other, in runs of `size`.

    The set is halved again and again by 2-means of equal sizes: the one half is what is most like a random
    row, then what is nearer to the mean of the one half than to that of the other. Ties are drawn at random.

    Args:
        matrix: (n, m) sparse, a vector for each row.
        chosen: The rows to order.
        size: Rows of a batch.
        random: Draws what is not determined.
    """
    waiting, ordered = [random.permutation(chosen)], []
    while waiting:
        rows = waiting.pop()
        if len(rows) <= size:
            ordered.append(rows)
            continue
        half = size * -(-len(rows) // (2 * size))
        sides = _sides(matrix[rows], half, random)
        waiting += [rows[sides[half:]], rows[sides[:half]]]
    return np.concatenate(ordered) if ordered else chosen


def _sides(matrix: Any, half: int, random: np.random.Generator) -> Order:
    """Returns (n,) int64: the rows of a set, those of one half first, the best of some ways to halve it."""
    found = [_halves(matrix, half, random) for _ in range(_STARTS)]
    return max(found, key=lambda order: _pairs(matrix[order[:half]]) + _pairs(matrix[order[half:]]))


def _halves(matrix: Any, half: int, random: np.random.Generator) -> Order:
    """Returns (n,) int64: the rows of a set, first those nearer to the mean of the one half."""
    first = matrix[[random.integers(matrix.shape[0])]].toarray()[0]
    order = np.argsort(-(matrix @ first), kind="stable")
    for _ in range(_STEPS):
        before = set(order[:half].tolist())
        one, other = (np.asarray(matrix[side].mean(axis=0)) for side in (order[:half], order[half:]))
        order = np.argsort(-(matrix @ (one - other)), kind="stable")
        if before == set(order[:half].tolist()):
            break
    return order


def likeness(matrix: Any, batches: Sequence[Sequence[int]]) -> tuple[float, float]:
    """Returns the mean cosine of two rows of a batch, and of any two rows of all."""
    pairs = [(_pairs(matrix[list(batch)]), len(batch) * (len(batch) - 1)) for batch in batches]
    total = sum(count for _, count in pairs)
    n_rows = matrix.shape[0]
    own = sum(value for value, _ in pairs) / max(total, 1)
    return own, _pairs(matrix) / max(n_rows * (n_rows - 1), 1)


def _pairs(matrix: Any) -> float:
    """Returns the sum of the cosines of all pairs of rows, each in both orders."""
    whole = np.asarray(matrix.sum(axis=0), np.float64)
    return float((whole**2).sum() - matrix.multiply(matrix).sum())
