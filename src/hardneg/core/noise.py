"""Uniform random numbers from nothing but the seed, the query's id and the document's text."""

from __future__ import annotations

import hashlib

import numpy as np

from hardneg.core.records import FloatArray, KeyArray


def uniform(seed: int, queries: KeyArray, documents: KeyArray) -> FloatArray:
    """Returns float32 in the open interval (0, 1), shaped as the two key arrays broadcast.

    The same seed, query and document give the same number, however the work is sharded.

    Args:
        seed: The recipe's seed.
        queries: uint64 keys of query ids.
        documents: uint64 keys of documents.
    """
    digest = hashlib.blake2b(str(seed).encode(), digest_size=8).digest()
    mixed = _splitmix(queries ^ np.uint64(int.from_bytes(digest, "little")))
    bits = _splitmix(mixed ^ documents) >> np.uint64(41)
    return ((bits.astype(np.float64) + 0.5) / 2.0**23).astype(np.float32)


def _splitmix(keys: KeyArray) -> KeyArray:
    """SplitMix64's output function (Steele, Lea and Flood, OOPSLA 2014)."""
    mixed = keys + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
