"""Batches without conflicting rows: none is a duplicate of another, or has a positive of another's query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hardneg.core.records import Collection
from hardneg.training.pair_weights import PairWeights
from hardneg.training.rows import Row

_OPEN = 64
"""Batches that are filled at a time: a row goes into the first where it conflicts with no row."""


class Batches:
    """Shuffles rows into batches; the same seed and epoch give the same batches.

    Two rows conflict if their queries or positives have the same text, or if the positive of one is a known
    or suspected positive of the other's query. Rows that fit no batch are left to the next epoch.

    Args:
        rows: The rows.
        collection: Gives the keys of texts.
        pair_weights: The weights of pairs as negatives.
        size: Rows per batch.
        seed: Seed of the shuffling.
    """

    def __init__(
        self, rows: Sequence[Row], collection: Collection, pair_weights: PairWeights, size: int, seed: int
    ) -> None:
        self._queries = np.array([row.query for row in rows], np.int32)
        self._positives = np.array([row.positive for row in rows], np.int32)
        self._query_keys = collection.queries.keys[self._queries].tolist()
        self._positive_keys = collection.documents.keys[self._positives].tolist()
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
            or self._positive_keys[row] == self._positive_keys[other]
            for other in batch
        ):
            return False
        queries, positives, rows = self._queries, self._positives, np.array(batch)
        of_query = self._pair_weights.weight(queries[[row]], positives[rows])
        of_positive = self._pair_weights.weight(queries[rows], positives[[row]])
        return bool((of_query > 0).all() and (of_positive > 0).all())
