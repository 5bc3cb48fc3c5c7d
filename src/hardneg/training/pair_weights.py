"""What is known of pairs of query and document, whichever query brought the document into the batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hardneg.core.records import Collection, Decision, FloatArray, IntArray, KeyArray
from hardneg.runs import ledger
from hardneg.runs.directory import RunFolder

Mask = Literal["known", "suspected"]

_HASH_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class PairWeights:
    """The weight of any pair as a negative: 0 for a known positive, less than 1 where there is doubt, else 1.

    Queries of the same text and documents of the same text are one.

    Args:
        collection: Whose judgments count.
        pairs: (query rows, document rows, weights) of doubtful pairs; of several weights the least counts.
    """

    def __init__(
        self, collection: Collection, pairs: Iterable[tuple[IntArray, IntArray, FloatArray]] = ()
    ) -> None:
        self._collection = collection
        judgments = collection.judgments
        positive = judgments.relevance >= judgments.min_relevance
        queries, docs = judgments.query[positive], judgments.doc[positive]
        parts = [(queries, docs, np.zeros(len(queries), np.float32)), *pairs]
        keys = np.concatenate([self._keys(q, d) for q, d, _ in parts])
        weights = np.concatenate([w for *_, w in parts])
        order = np.lexsort((weights, keys))
        self.keys, first = np.unique(keys[order], return_index=True)
        self.weights = weights[order][first].astype(np.float32)

    @classmethod
    def of_run(cls, folder: Path, collection: Collection, mask: Mask) -> PairWeights:
        """Returns what a run's ledger knows.

        Args:
            folder: A run directory.
            collection: What it was mined from.
            mask: `known`: judgments and the weights of chosen negatives. `suspected`: also what the
                ledger's rules and validators took for relevant.
        """
        reasons = RunFolder(folder).finished()["reasons"]
        doubted = [name for name, reason in reasons.items() if reason["implies_doubt"]]
        found = (_doubtful(block.table, collection, mask, doubted) for block in ledger.iterate(folder))
        return cls(collection, found)

    def weight(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n_queries, n_docs) float32: the weight of every pair of these rows."""
        keys = self._keys(queries[:, None], docs[None, :])
        places = np.minimum(np.searchsorted(self.keys, keys), max(len(self.keys) - 1, 0))
        if not len(self.keys):
            return np.ones(keys.shape, np.float32)
        return np.where(self.keys[places] == keys, self.weights[places], np.float32(1))

    def _keys(self, queries: IntArray, docs: IntArray) -> KeyArray:
        """Returns one 64-bit key a pair of texts."""
        mixed = (self._collection.queries.keys[queries] * _HASH_MULTIPLIER) ^ self._collection.documents.keys[
            docs
        ]
        keys: npt.NDArray[np.uint64] = mixed * _HASH_MULTIPLIER
        return keys


def _doubtful(
    table: pa.Table, collection: Collection, mask: Mask, doubted: Sequence[str]
) -> tuple[IntArray, IntArray, FloatArray]:
    """Returns the pairs of a ledger's part that are no certain negatives, with their weights."""
    decision = table["decision"].to_numpy()
    weight = _filled(table, "weight", 1.0)
    p = _filled(table, "p_false_negative", 0.0)
    weight = np.where(decision == Decision.NEGATIVE, weight, 1.0)
    if mask == "suspected":
        reason = table["reason"].to_numpy()
        suspected = (decision == Decision.DROPPED) & np.isin(reason.astype(str), doubted)
        weight = np.where(decision == Decision.NEGATIVE, weight, 1 - p)
        weight = np.where(suspected, 0.0, weight)
    kept = (weight < 1) | (decision == Decision.POSITIVE)
    weight = np.where(decision == Decision.POSITIVE, 0.0, weight)[kept].astype(np.float32)
    rows = pa.array(np.flatnonzero(kept))
    queries = collection.queries.rows(table["query_id"].take(rows).to_pylist())
    docs = collection.documents.rows(table["doc_id"].take(rows).to_pylist())
    return queries, docs, weight


def _filled(table: pa.Table, column: str, empty: float) -> npt.NDArray[np.float32]:
    if column not in table.column_names:
        return np.full(table.num_rows, empty, np.float32)
    filled: Any = table[column].fill_null(empty).to_numpy()
    return np.asarray(filled, np.float32)
