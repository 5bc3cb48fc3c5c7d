"""A positive of a similar query is likely relevant for this one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedValidator, Validator, validator
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray, IntArray
from hardneg.core.shingles import signatures, similar_pairs
from hardneg.validators._common import Rankers, evidence_by_query

_MAX_QUERIES = 1_000
"""Queries of a document; one that is relevant for more says nothing about their similarity."""


@validator("sibling-positives")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SiblingPositives(Validator):
    """Finds candidates that are positives of a similar query.

    The evidence is the similarity of the two queries, the highest of several, 0 without any:

    - by text, the Jaccard similarity of their character shingles, estimated by MinHash, from `near` on;
    - by positives, the Jaccard similarity of the sets of their positives, the candidate left out.

    Attributes:
        bound: The least similarity of the queries that makes a candidate suspicious.
        near: The least similarity of two texts that are nearly the same query.
        shingle: Characters in a shingle.
    """

    bound: float = Field(default=0.5, ge=0, le=1)
    near: float = Field(default=0.7, ge=0, le=1)
    shingle: int = Field(default=4, ge=1)
    kind = "flag"
    weight = 3.0
    finds = "similar queries"
    label = {"en": "Similar queries", "ru": "Похожие запросы"}
    meaning = {
        "en": "Candidates that are relevant for a query of nearly the same words or with common positives.",
        "ru": "Кандидаты, релевантные запросу почти с теми же словами или с общими релевантными документами.",
    }
    shorthand = "bound"

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator, the queries compared.

        Raises:
            MissingExtra: rensa is not installed.
        """
        return _SimilarQueries(collection, self)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns the positives of queries as similar as `bound`."""
        return np.nan_to_num(evidence, nan=0.0) >= np.float32(self.bound)


class _SimilarQueries:
    def __init__(self, collection: Collection, settings: SiblingPositives) -> None:
        judgments, queries = collection.judgments, collection.queries
        relevant = judgments.relevance >= judgments.min_relevance
        query, doc = judgments.query[relevant], judgments.doc[relevant]
        order = np.lexsort((query, doc))
        self._positives = _Groups(query, doc, len(queries))
        self._queries = _Groups(doc[order], query[order], len(collection.documents))
        signed = signatures(queries.texts(np.arange(len(queries), dtype=np.int32)), settings.shingle)
        near = similar_pairs(signed, signed, settings.near)
        other = near.left != near.right
        self._near = _Groups(near.left[other], near.right[other].astype(np.int32), len(queries))
        self._similarity = near.similarity[other]
        self.facts: dict[str, Any] = {"near_queries": int(len(np.unique(near.left[other])))}

    def evidence(self, candidates: Candidates) -> FloatArray:
        return evidence_by_query(candidates, self._highest)

    def _highest(self, query: int, docs: IntArray) -> FloatArray:
        similarity = self._by_positive(query)
        return np.array([similarity.get(doc, 0.0) for doc in docs.tolist()], np.float32)

    def _by_positive(self, query: int) -> dict[int, float]:
        """Returns the highest similarity of a query to another, by positive of the other."""
        own = set(self._positives.of(query).tolist())
        texts, shared = self._by_text(query), self._shared_positives(query)
        similarity: dict[int, float] = {}
        for other in (texts | shared).keys() - {query}:
            positives = self._positives.of(other).tolist()
            for doc in positives:
                common = shared.get(other, 0) - (doc in own and len(self._queries_of(doc)) > 0)
                whole = len(own - {doc}) + len(positives) - 1 - common
                by_positives = common / whole if common > 0 else 0.0
                similarity[doc] = max(similarity.get(doc, 0.0), texts.get(other, 0.0), by_positives)
        return similarity

    def _by_text(self, query: int) -> dict[int, float]:
        """Returns the similarity of the queries of nearly the same text."""
        near = self._near.span(query)
        others, similarity = self._near.values[near], self._similarity[near]
        return dict(zip(others.tolist(), similarity.tolist(), strict=True))

    def _shared_positives(self, query: int) -> dict[int, int]:
        """Returns how many positives each query shares with one."""
        lists = [self._queries_of(int(doc)) for doc in self._positives.of(query)]
        others, counts = np.unique(np.concatenate([*lists, np.empty(0, np.int32)]), return_counts=True)
        return dict(zip(others.tolist(), counts.tolist(), strict=True))

    def _queries_of(self, doc: int) -> IntArray:
        """Returns the queries that a document is relevant for, none if they are too many."""
        queries = self._queries.of(doc)
        return queries if len(queries) <= _MAX_QUERIES else queries[:0]


class _Groups:
    """Values (n,) int32 by key (n,), ascending and below `count`: those of one key stand together."""

    def __init__(self, keys: npt.NDArray[Any], values: IntArray, count: int) -> None:
        self.values = values
        self._begins = np.searchsorted(keys, np.arange(count + 1))

    def span(self, key: int) -> slice:
        return slice(self._begins[key], self._begins[key + 1])

    def of(self, key: int) -> IntArray:
        return self.values[self.span(key)]
