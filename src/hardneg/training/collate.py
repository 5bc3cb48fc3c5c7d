"""Makes batches of rows: texts, and masks, weights and scores of every pair in the batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hardneg.core.components import OpenedRanker
from hardneg.core.records import BoolArray, Collection, FloatArray, IntArray
from hardneg.training.pair_weights import PairWeights


class Collate:
    """Makes batches of rows.

    Args:
        collection: Gives the texts.
        pair_weights: The weights of pairs as negatives.
        guide: Scores all pairs of a batch, for losses that read a guide; None without one.
    """

    valid_label_columns: Sequence[str] = ()

    def __init__(
        self, collection: Collection, pair_weights: PairWeights, guide: OpenedRanker | None = None
    ) -> None:
        self._collection = collection
        self._pair_weights = pair_weights
        self._guide = guide

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Returns `queries` and `documents` (texts), and all tensors of a `ScoredBatch` but the scores."""
        import torch

        queries = np.array([row["query"] for row in rows], np.int32)
        docs = np.array(
            [row["positive"] for row in rows] + [doc for row in rows for doc in row["negatives"]], np.int32
        )
        own, weight, teacher = self._matrices(rows, queries, docs)
        arrays: dict[str, Any] = {
            "target": np.arange(len(rows)),
            "own": own,
            "weight": weight,
            "teacher": teacher,
        }
        if self._guide is not None:
            all_docs = np.repeat(docs[None, :], len(rows), axis=0).astype(np.int32)
            arrays["guide"] = self._guide.score(queries, all_docs)
        batch: dict[str, Any] = {name: torch.from_numpy(array) for name, array in arrays.items()}
        batch["queries"] = self._collection.queries.texts(queries)
        batch["documents"] = self._collection.documents.texts(docs)
        return batch

    def _matrices(
        self, rows: Sequence[Mapping[str, Any]], queries: IntArray, docs: IntArray
    ) -> tuple[BoolArray, FloatArray, FloatArray]:
        weight = self._pair_weights.weight(queries, docs)
        own = np.zeros(weight.shape, bool)
        teacher = np.full(weight.shape, np.nan, np.float32)
        begin = len(rows)
        for place, row in enumerate(rows):
            end = begin + len(row["negatives"])
            own[place, begin:end] = True
            weight[place, begin:end] = np.minimum(weight[place, begin:end], row["weights"])
            teacher[place, [place, *range(begin, end)]] = row["scores"]
            begin = end
        weight = (weight / self._repeats(rows, docs)[None, :]).astype(np.float32)
        np.fill_diagonal(weight, 1)
        return own, weight, teacher

    def _repeats(self, rows: Sequence[Mapping[str, Any]], docs: IntArray) -> FloatArray:
        """Returns (n_docs,) float32: how many rows of the batch have each document."""
        keys = self._collection.documents.keys
        sets = [set(keys[[row["positive"], *row["negatives"]]].tolist()) for row in rows]
        counts = Counter(key for row_keys in sets for key in row_keys)
        return np.array([counts[key] for key in keys[docs].tolist()], np.float32)
