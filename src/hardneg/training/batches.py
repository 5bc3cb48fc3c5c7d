"""Batches without conflicting rows: none is a duplicate of another, or has a positive of another's query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hardneg.core.components import OpenedRanker
from hardneg.core.records import BoolArray, Collection, FloatArray, IntArray
from hardneg.training.rows import PairWeights, Row

_OPEN = 64
"""Batches that are filled at a time: a row goes into the first where it conflicts with no row."""


class Batches:
    """Shuffles rows into batches; the same seed and epoch give the same batches.

    Two rows conflict if their queries have the same text or their positives are copies, or if the positive of
    one is a known or suspected positive of the other's query. Rows that fit no batch are left to the next
    epoch. Rows of one class do not conflict: `Collate` gives their pairs no weight.
    """

    def __init__(
        self, rows: Sequence[Row], collection: Collection, pair_weights: PairWeights, size: int, seed: int
    ) -> None:
        self._queries = np.array([row.query for row in rows], np.int32)
        self._positives = np.array([row.positive for row in rows], np.int32)
        self._query_keys = collection.queries.keys[self._queries].tolist()
        self._first_alike = collection.documents.first_alike[self._positives].tolist()
        self._pair_weights = pair_weights
        self.batch_size = size
        self.drop_last = False
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return -(-len(self._queries) // self.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch, which determines the order."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        order = np.random.default_rng((self._seed, self._epoch)).permutation(len(self._queries))
        opened: list[list[int]] = []
        filled = 0
        for row in order.tolist():
            batch = next((batch for batch in opened if self._fits(row, batch)), None)
            if batch is None:
                if len(opened) == _OPEN:
                    continue
                batch = []
                opened.append(batch)
            batch.append(row)
            if len(batch) == self.batch_size:
                opened.remove(batch)
                filled += 1
                yield batch
        yield from sorted(opened, key=len, reverse=True)[: len(self) - filled]

    def _fits(self, row: int, batch: list[int]) -> bool:
        if any(
            self._query_keys[row] == self._query_keys[other]
            or self._first_alike[row] == self._first_alike[other]
            for other in batch
        ):
            return False
        queries, positives, rows = self._queries, self._positives, np.array(batch)
        of_query = self._pair_weights.of_judged(queries[[row]], positives[rows])
        of_positive = self._pair_weights.of_judged(queries[rows], positives[[row]])
        return bool((of_query > 0).all() and (of_positive > 0).all())


class Collate:
    """Makes batches of rows."""

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
            "loss_weight": np.array([row["loss_weight"] for row in rows], np.float32),
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
