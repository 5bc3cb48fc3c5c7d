"""Random documents: what mining is measured against."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.records import Collection, FloatArray, IntArray, KeyArray

Places = npt.NDArray[np.uint64]

_ROUNDS = 4


@ranker("random")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Random(Ranker):
    """Ranks the corpus in an order drawn anew for each query, all orders alike.

    The order depends on the seed, the query's id and the number of documents. A document's score falls
    evenly from 1 for the first to 0 behind the last; it says nothing of relevance.

    Attributes:
        seed: Of the orders.
        name: The ranker's name in the ledger; None for `random`.
    """

    seed: int = Field(default=42, ge=0)
    name: str | None = None
    shorthand: ClassVar[str] = "seed"
    reads_texts: ClassVar[bool] = False

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker; nothing is built."""
        return RandomRanker(collection, self.seed)


class RandomRanker:
    """A permutation of the documents for each query, computed place by place: no list is ever drawn.

    It is a Feistel network over the places, walked again while it leads outside of the corpus (Black and
    Rogaway, Ciphers with arbitrary finite domains, CT-RSA 2002), so that both directions are quick.

    Args:
        collection: Gives the queries' ids and the number of documents.
        seed: Of the permutations.
    """

    retrieves = True

    def __init__(self, collection: Collection, seed: int) -> None:
        self._total = len(collection.documents)
        self._half = np.uint64(max(1, -(-int(self._total - 1).bit_length() // 2)))
        self._mask = np.uint64((1 << int(self._half)) - 1)
        drawn = np.random.SeedSequence(seed).generate_state(_ROUNDS, np.uint64)
        self._keys: KeyArray = _mixed(collection.queries.id_keys[:, None] ^ drawn[None, :])
        self.facts: dict[str, Any] = {"seed": seed, "documents": self._total}

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the first documents of each query's order; see `OpenedRanker.search`."""
        places = np.broadcast_to(np.arange(depth, dtype=np.uint64), (len(queries), depth))
        docs = self._walked(queries, places, forward=True)
        return docs.astype(np.int32), self._scores(places)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        places = self._walked(queries, np.maximum(docs, 0).astype(np.uint64), forward=False)
        return np.where(docs >= 0, self._scores(places), np.float32("nan"))

    def _scores(self, places: Places) -> FloatArray:
        return (1 - (places.astype(np.float64) + 0.5) / self._total).astype(np.float32)

    def _walked(self, queries: IntArray, places: Places, forward: bool) -> Places:
        keys = np.broadcast_to(self._keys[queries][:, None, :], (*places.shape, _ROUNDS))
        walked = self._step(places, keys, forward)
        outside = walked >= self._total
        while outside.any():
            walked[outside] = self._step(walked[outside], keys[outside], forward)
            outside = walked >= self._total
        return walked

    def _step(self, places: Places, keys: KeyArray, forward: bool) -> Places:
        """Returns a permutation of the numbers of `2 * half` bits, or its inverse."""
        left, right = places >> self._half, places & self._mask
        for number in range(_ROUNDS) if forward else reversed(range(_ROUNDS)):
            key = keys[..., number]
            if forward:
                left, right = right, left ^ (_mixed(right ^ key) & self._mask)
            else:
                left, right = right ^ (_mixed(left ^ key) & self._mask), left
        return (left << self._half) | right


def _mixed(keys: KeyArray) -> KeyArray:
    """Returns well mixed keys: the finalizer of MurmurHash3 (Appleby, public domain)."""
    mixed = (keys ^ (keys >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(mixed ^ (mixed >> np.uint64(33)))
