"""Random documents: the baseline of mining."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.records import Collection, FloatArray, IntArray, KeyArray

Ranks = npt.NDArray[np.uint64]

_ROUNDS = 4


@ranker("random")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Random(Ranker):
    """Ranks the corpus in a random order per query, all orders equally likely.

    The order depends on the seed, the query's id and the number of documents. Scores fall
    evenly from 1 for the first document to 0 behind the last; they do not depend on relevance.

    Attributes:
        seed: Seed of the orders.
        name: The ranker's name in the ledger; None for `random`.
    """

    seed: int = Field(default=42, ge=0)
    name: str | None = None
    shorthand = "seed"
    reads_texts = False

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker; nothing is built."""
        return RandomRanker(collection, self.seed)


class RandomRanker:
    """A permutation of the documents per query, computed rank by rank: no list is ever drawn.

    It is a Feistel network over the ranks, applied again while it leads outside of the corpus (cycle walking;
    Black and Rogaway, Ciphers with arbitrary finite domains, CT-RSA 2002), so that both directions are fast.
    """

    retrieves = True

    def __init__(self, collection: Collection, seed: int) -> None:
        self._total = len(collection.documents)
        self._half = np.uint64(max(1, -(-int(self._total - 1).bit_length() // 2)))
        self._mask = np.uint64((1 << int(self._half)) - 1)
        drawn = np.random.SeedSequence(seed).generate_state(_ROUNDS, np.uint64)
        self._keys: KeyArray = _mix(collection.queries.id_keys[:, None] ^ drawn[None, :])
        self.facts: dict[str, Any] = {"seed": seed, "documents": self._total}

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the first documents of each query's order; see `OpenedRanker.search`."""
        ranks = np.broadcast_to(np.arange(depth, dtype=np.uint64), (len(queries), depth))
        docs = self._permute(queries, ranks, forward=True)
        return docs.astype(np.int32), self._scores(ranks)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        ranks = self._permute(queries, np.maximum(docs, 0).astype(np.uint64), forward=False)
        return np.where(docs >= 0, self._scores(ranks), np.float32("nan"))

    def _scores(self, ranks: Ranks) -> FloatArray:
        return (1 - (ranks.astype(np.float64) + 0.5) / self._total).astype(np.float32)

    def _permute(self, queries: IntArray, ranks: Ranks, forward: bool) -> Ranks:
        keys = np.broadcast_to(self._keys[queries][:, None, :], (*ranks.shape, _ROUNDS))
        permuted = self._step(ranks, keys, forward)
        outside = permuted >= self._total
        while outside.any():
            permuted[outside] = self._step(permuted[outside], keys[outside], forward)
            outside = permuted >= self._total
        return permuted

    def _step(self, ranks: Ranks, keys: KeyArray, forward: bool) -> Ranks:
        """Returns a permutation of the numbers of `2 * half` bits, or its inverse."""
        left, right = ranks >> self._half, ranks & self._mask
        for number in range(_ROUNDS) if forward else reversed(range(_ROUNDS)):
            key = keys[..., number]
            if forward:
                left, right = right, left ^ (_mix(right ^ key) & self._mask)
            else:
                left, right = right ^ (_mix(left ^ key) & self._mask), left
        return (left << self._half) | right


def _mix(keys: KeyArray) -> KeyArray:
    """Returns mixed keys: the finalizer of MurmurHash3 (Appleby, public domain)."""
    mixed = (keys ^ (keys >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(mixed ^ (mixed >> np.uint64(33)))
