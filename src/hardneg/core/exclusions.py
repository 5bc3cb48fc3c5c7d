"""Documents that can never be negatives: positives, right or wrong, the query's text, copies, its class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hardneg.core.records import (
    JUDGED_RELEVANT,
    NEUTRAL,
    NOISY_POSITIVE,
    RELABELLED,
    Candidates,
    Collection,
    PairSet,
)

QUERY_TEXT = "query_text"
DUPLICATE_OF_POSITIVE = "duplicate_of_positive"
PARTLY_RELEVANT = "partly_relevant"
EXCLUSIONS = (
    JUDGED_RELEVANT,
    QUERY_TEXT,
    DUPLICATE_OF_POSITIVE,
    RELABELLED,
    NOISY_POSITIVE,
    PARTLY_RELEVANT,
    *NEUTRAL,
)


class Exclusions:
    """The documents that must not become negatives, for every query of a collection.

    Queries with the same text share their positives. Texts are the same when they differ in nothing but
    case, spacing or Unicode form; documents are copies if their texts are, with or without their titles.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        judgments, same_text = collection.judgments, collection.queries.same_text
        pairs = [
            (other, doc)
            for query in same_text
            for doc in judgments.positives(query).tolist()
            for other in same_text[query]
        ]
        shared = np.array(pairs, np.int32).reshape(-1, 2)
        relevant = judgments.relevance >= judgments.min_relevance
        queries = np.concatenate([judgments.query[relevant], shared[:, 0]])
        docs = np.concatenate([judgments.doc[relevant], shared[:, 1]])
        self._positives = PairSet(queries, docs)
        self._copies = PairSet(queries, collection.documents.first_alike[docs])

    def reasons(self, candidates: Candidates) -> npt.NDArray[np.int8]:
        """Returns (n_queries, depth) int8: an index into `EXCLUSIONS`, -1 where it may be a negative."""
        documents, queries = self._collection.documents, self._collection.queries
        keys, bodies = documents.keys[candidates.docs], documents.body_keys[candidates.docs]
        own = queries.keys[candidates.queries][:, None]
        reason = np.full(candidates.shape, -1, np.int8)
        if (neutral := self._collection.neutral) is not None:
            reason[neutral.has(candidates.queries, candidates.docs)] = EXCLUSIONS.index(neutral.reason)
        reason[(keys == own) | (bodies == own)] = 1
        reason[self._copies.has(candidates.queries, documents.first_alike[candidates.docs])] = 2
        reason[self._positives.has(candidates.queries, candidates.docs)] = 0
        return np.where(candidates.docs >= 0, reason, -1).astype(np.int8)

    def mark(self, candidates: Candidates) -> Candidates:
        """Returns the candidates with the reasons for which they are excluded."""
        return replace(candidates, excluded=self.reasons(candidates))


def excluded(candidates: Candidates) -> npt.NDArray[np.int8]:
    """Returns (n_queries, depth) int8: an index into `EXCLUSIONS`, with what validation found."""
    assert candidates.excluded is not None
    reasons = candidates.excluded
    if candidates.noisy is not None:
        reasons = np.where(candidates.noisy, np.int8(EXCLUSIONS.index(NOISY_POSITIVE)), reasons)
    if candidates.relabelled is not None:
        relabelled = (reasons < 0) & candidates.relabelled & (candidates.docs >= 0)
        reasons = np.where(relabelled, np.int8(EXCLUSIONS.index(RELABELLED)), reasons)
    if candidates.partial is not None:
        partial = (reasons < 0) & candidates.partial & (candidates.docs >= 0)
        reasons = np.where(partial, np.int8(EXCLUSIONS.index(PARTLY_RELEVANT)), reasons)
    return reasons
