"""A document that is labelled relevant to many unrelated queries, as an error page is, answers none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedPositiveValidator, PositiveValidator, positive_validator
from hardneg.core.noise import uniform
from hardneg.core.records import Collection, FloatArray, IntArray, folded
from hardneg.validators._common import Rankers

_PAIRS = 2_000
_READ = 200
_HARDLY = 0.02
"""Queries of which no larger share have a rare word in common are unrelated."""

_MANY = 0.3
"""A word of so large a share of a document's queries says what they ask for."""

_COMMON = 0.05
"""A word of so large a share of the queries relates none of them."""


@positive_validator("boilerplate")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Boilerplate(PositiveValidator):
    """Finds documents that are positives of very many queries which have nothing to do with each other.

    Queries have something to do with each other where they share a word that few queries have, or ask for the
    same thing, as `is ... inherited` does. The queries of one document are unrelated if two of them share a
    rare word hardly more often than any two queries, and no word is much commoner among them than in all.

    Attributes:
        queries: Queries of different texts that a document must be labelled for.
        likeness: How much oftener than any two queries those of one document may share a rare word.
        probability: The probability that a pair with such a document is wrong.
    """

    queries: int = Field(default=10, ge=2)
    likeness: float = Field(default=3.0, ge=1)
    probability: float = Field(default=0.9, ge=0, le=1)
    shorthand = "queries"
    label = {"en": "boilerplate", "ru": "шаблонный текст"}
    meaning = {
        "en": "The same document is labelled relevant to many queries that share no word.",
        "ru": "Тот же документ помечен релевантным многим запросам, у которых нет общих слов.",
    }

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedPositiveValidator:
        """Returns the opened validator, all documents with many queries examined."""
        return _Boilerplate(self, collection)


class _Boilerplate:
    def __init__(self, settings: Boilerplate, collection: Collection) -> None:
        self._settings = settings
        self._first_alike = collection.documents.first_alike
        owners = _owners(collection, settings.queries)
        found = [doc for doc, unlike in _unrelated(collection, owners, settings.likeness) if unlike]
        self._found = np.array(sorted(found), np.int32)
        self.facts: Mapping[str, Any] = {"documents": len(found)}

    def probability(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n,) float32: the setting's for documents with many unrelated queries, else NaN."""
        known = np.isin(self._first_alike[docs], self._found)
        return np.where(known, self._settings.probability, np.nan).astype(np.float32)


def _owners(collection: Collection, least: int) -> dict[int, IntArray]:
    """Returns the queries of each document that is a positive of many, by the first of its copies."""
    judgments = collection.judgments
    positive = judgments.relevance >= judgments.min_relevance
    docs, queries = collection.documents.first_alike[judgments.doc[positive]], judgments.query[positive]
    order = np.argsort(docs, kind="stable")
    docs, queries = docs[order], queries[order]
    starts = np.flatnonzero(np.r_[True, docs[1:] != docs[:-1]]) if len(docs) else np.empty(0, int)
    owners = {}
    for begin, end in zip(starts, [*starts[1:], len(docs)], strict=True):
        own = queries[begin:end]
        distinct = own[np.unique(collection.queries.keys[own], return_index=True)[1]]
        if len(distinct) >= least:
            owners[int(docs[begin])] = distinct
    return owners


def _unrelated(
    collection: Collection, owners: Mapping[int, IntArray], likeness: float
) -> list[tuple[int, bool]]:
    """Returns of each document whether its queries share words hardly more often than any queries."""
    if not owners:
        return []
    sample = _drawn(collection, _one_a_document(collection), _PAIRS)
    usual = _shares(_words(collection, sample))
    common = {word for word, share in usual.items() if share > max(_COMMON, 1 / len(sample))}
    bound = max(likeness * _sharing(_words(collection, sample), common), _HARDLY)
    found = []
    for doc, own in owners.items():
        words = _words(collection, _drawn(collection, own, _READ))
        found.append((doc, _sharing(words, common) <= bound and not _alike(words, usual, likeness)))
    return found


def _alike(words: Sequence[frozenset[str]], usual: Mapping[str, float], likeness: float) -> bool:
    """Returns whether a word of many of these queries is so much rarer among all."""
    shares = _shares(words)
    return any(share >= _MANY and share > likeness * usual.get(word, 0.0) for word, share in shares.items())


def _shares(words: Sequence[frozenset[str]]) -> dict[str, float]:
    """Returns of each word the share of the queries that have it."""
    counts = Counter(word for own in words for word in own)
    return {word: count / len(words) for word, count in counts.items()}


def _one_a_document(collection: Collection) -> IntArray:
    """Returns a query of each positive, so that no document's own queries make a word a common one."""
    judgments = collection.judgments
    positive = judgments.relevance >= judgments.min_relevance
    docs = collection.documents.first_alike[judgments.doc[positive]]
    return np.unique(judgments.query[positive][np.unique(docs, return_index=True)[1]])


def _drawn(collection: Collection, queries: IntArray, count: int) -> IntArray:
    """Returns some queries at random, by their ids alone."""
    keys = collection.queries.id_keys[queries]
    return queries[np.argsort(uniform(0, keys, np.zeros(1, np.uint64)), kind="stable")[:count]]


def _words(collection: Collection, queries: IntArray) -> list[frozenset[str]]:
    texts = map(folded, collection.queries.texts(queries))
    return [frozenset("".join(c if c.isalnum() else " " for c in text).split()) for text in texts]


def _sharing(words: Sequence[frozenset[str]], common: set[str]) -> float:
    """Returns the share of the pairs of neighbours in a random order that share a word that is not common."""
    rare = [own - common for own in words]
    pairs = [(rare[i], rare[(i + step) % len(rare)]) for step in (1, 2, 3) for i in range(len(rare))]
    return sum(bool(one & other) for one, other in pairs) / max(len(pairs), 1)
