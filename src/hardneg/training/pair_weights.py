"""Weights of pairs of query and document as negatives, whichever query brought the document into a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hardneg.core.records import Collection, Decision, FloatArray, IntArray, KeyArray
from hardneg.runs import ledger
from hardneg.runs.directory import RunFolder
from hardneg.training.train_settings import Mask

_HASH_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class PairWeights:
    """The weight of any pair as a negative: 0 for a known positive, below 1 for a suspected one, else 1.

    Queries of the same text count as one query, documents of the same text as one document.
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
        """Returns the weights by judgments and a run's ledger."""
        reasons = RunFolder(folder).finished()["reasons"]
        suspicious = [name for name, reason in reasons.items() if reason["implies_doubt"]]
        return cls(
            collection,
            (_uncertain(block.table, collection, mask, suspicious) for block in ledger.iterate(folder)),
        )

    def weight(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n_queries, n_docs) float32: the weight of every pair of these rows."""
        keys = self._keys(queries[:, None], docs[None, :])
        if not len(self.keys):
            return np.ones(keys.shape, np.float32)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, self.weights[places], np.float32(1))

    def _keys(self, queries: IntArray, docs: IntArray) -> KeyArray:
        """Returns one 64-bit key per pair of texts."""
        query_keys, doc_keys = self._collection.queries.keys[queries], self._collection.documents.keys[docs]
        keys: KeyArray = ((query_keys * _HASH_MULTIPLIER) ^ doc_keys) * _HASH_MULTIPLIER
        return keys


def _uncertain(
    table: pa.Table, collection: Collection, mask: Mask, suspicious: Sequence[str]
) -> tuple[IntArray, IntArray, FloatArray]:
    """Returns the pairs of a ledger's part that weigh less than 1, with their weights."""
    decision = table["decision"].to_numpy()
    negative = decision == Decision.NEGATIVE
    weight = np.where(negative, _filled(table, "weight", 1.0), 1.0)
    if mask == "suspected":
        reason = table["reason"].to_numpy().astype(str)
        dropped = (decision == Decision.DROPPED) & np.isin(reason, suspicious)
        weight = np.where(negative, weight, 1 - _filled(table, "p_false_negative", 0.0))
        weight = np.where(dropped, 0.0, weight)
    weight = np.where(decision == Decision.POSITIVE, 0.0, weight)
    kept = np.flatnonzero(weight < 1)
    rows = pa.array(kept)
    queries = collection.queries.rows(table["query_id"].take(rows).to_pylist())
    docs = collection.documents.rows(table["doc_id"].take(rows).to_pylist())
    return queries, docs, weight[kept].astype(np.float32)


def _filled(table: pa.Table, column: str, empty: float) -> npt.NDArray[np.float32]:
    if column not in table.column_names:
        return np.full(table.num_rows, empty, np.float32)
    filled: Any = table[column].fill_null(empty).to_numpy()
    return np.asarray(filled, np.float32)
