"""Queries that are in an evaluation set, or in an earlier part of the mixture: exact and near copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hardneg.core.records import BoolArray, KeyArray, text_key
from hardneg.core.shingles import Signature, signatures, similar_pairs
from hardneg.mixing.mix_settings import MixSettings
from hardneg.mixing.part import Part
from hardneg.sources import LoadOptions, load

_SHINGLE = 5
HELD_OUT = "in_the_evaluation_set"
COPIES = "query_of_an_earlier_run"


def remove_overlap(parts: Sequence[Part], settings: MixSettings) -> dict[str, int]:
    """Drops rows whose query is in an evaluation set or an earlier part; returns the sets' sizes."""
    held_out = _Texts(settings.near_copy)
    sizes = {}
    for source in settings.holdout:
        queries = load(source, LoadOptions(split=settings.holdout_split)).queries
        held_out.add(queries.texts(np.arange(len(queries), dtype=np.int32)))
        sizes[source] = len(queries)
    earlier = _Texts(settings.near_copy)
    for part in parts:
        part.drop(held_out.have(part.query_texts()), HELD_OUT)
        part.drop(earlier.have(part.query_texts()), COPIES)
        earlier.add(part.query_texts())
    return sizes


class _Texts:
    """A set of texts in which exact and near copies are found."""

    def __init__(self, bound: float) -> None:
        self._bound = bound
        self._keys: KeyArray = np.empty(0, np.uint64)
        self._signatures: list[Signature] = []

    def add(self, texts: Sequence[str]) -> None:
        """Adds texts."""
        self._keys = np.union1d(self._keys, _keys(texts))
        if self._bound < 1:
            self._signatures.append(signatures(list(dict.fromkeys(texts)), _SHINGLE))

    def have(self, texts: Sequence[str]) -> BoolArray:
        """Returns (n,) bool: whether each text, or a near copy of it, was added."""
        found = np.isin(_keys(texts), self._keys)
        if self._signatures and len(texts):
            own = signatures(texts, _SHINGLE)
            for added in self._signatures:
                found[similar_pairs(own, added, self._bound).left] = True
        return found


def _keys(texts: Sequence[str]) -> KeyArray:
    return np.fromiter((text_key(text) for text in texts), np.uint64, len(texts))
