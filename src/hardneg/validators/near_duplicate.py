"""A near-duplicate of a positive is relevant too; one of the query is no use as a negative."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedValidator, Validator, validator
from hardneg.core.errors import require
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray, IntArray
from hardneg.core.shingles import Signatures, similarity_matrix
from hardneg.validators._common import Rankers, evidence_by_query


@validator("near-duplicate")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class NearDuplicate(Validator):
    """Measures how much of its text a candidate shares with a positive, or with the query.

    The evidence is the highest Jaccard similarity of character shingles to any of them, estimated by MinHash.

    Attributes:
        bound: The least similarity that is suspicious.
        shingle: Characters in a shingle.

    Source: Broder, On the resemblance and containment of documents, 1997.
    """

    bound: float = Field(default=0.8, ge=0, le=1)
    shingle: int = Field(default=5, ge=1)
    kind = "flag"
    weight = 3.0
    finds = "copies"
    label = {"en": "Near-duplicates", "ru": "Почти копии"}
    meaning = {
        "en": "Candidates with almost the text of a positive or of the query. What differs is marked.",
        "ru": "Кандидаты, почти дословно повторяющие релевантный документ или запрос. Различия выделены.",
    }
    shorthand = "bound"

    def check_installed(self) -> None:
        """Checks that what makes the signatures is installed."""
        require("rensa", "dedup")

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator.

        Raises:
            MissingExtra: rensa is not installed.
        """
        return _NearDuplicate(collection, self.shingle)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what is as similar as `bound`."""
        return np.nan_to_num(evidence, nan=0.0) >= np.float32(self.bound)


class _NearDuplicate:
    def __init__(self, collection: Collection, shingle: int) -> None:
        self._judgments = collection.judgments
        self._documents = Signatures(collection.documents.texts, shingle)
        self._queries = Signatures(collection.queries.texts, shingle)
        self.facts: dict[str, Any] = self._documents.facts

    def evidence(self, candidates: Candidates) -> FloatArray:
        self._queries.of(candidates.queries)  # all of the block together
        return evidence_by_query(candidates, self._highest)

    def _highest(self, query: int, docs: IntArray) -> FloatArray:
        positives = self._judgments.positives(query)
        own = self._documents.of(docs)
        to_positives = similarity_matrix(own, self._documents.of(positives))
        to_positives[docs[:, None] == positives] = 0
        to_query = similarity_matrix(own, self._queries.of(np.array([query], np.int32)))
        return np.asarray(np.concatenate([to_positives, to_query], axis=1).max(axis=1))
