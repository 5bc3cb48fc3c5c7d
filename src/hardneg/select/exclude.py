"""What can never be a negative: positives, judged or relabelled, the query's own text, copies of either."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hardneg.records import JUDGED_RELEVANT, RELABELLED, Candidates, Collection, IntArray

QUERY_TEXT = "query_text"
DUPLICATE_OF_POSITIVE = "duplicate_of_positive"
EXCLUSIONS = (JUDGED_RELEVANT, QUERY_TEXT, DUPLICATE_OF_POSITIVE, RELABELLED)


class Exclusions:
    """Knows, for every query of a collection, what must not become its negative.

    Queries with the same text share their positives. Texts are the same when they differ in nothing but
    case, spacing or Unicode form.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def positives(self, query: int) -> IntArray:
        """Returns the document rows judged relevant for a query or for another of the same text."""
        rows = self._collection.queries.twins.get(query, (query,))
        judgments = self._collection.judgments
        return np.unique(np.concatenate([judgments.positives(row) for row in rows]))

    def reasons(self, candidates: Candidates) -> npt.NDArray[np.int8]:
        """Returns (n_queries, depth) int8: an index into `EXCLUSIONS`, -1 where nothing speaks against it."""
        documents, queries = self._collection.documents, self._collection.queries
        keys, bodies = documents.keys[candidates.docs], documents.body_keys[candidates.docs]
        own = queries.keys[candidates.queries][:, None]
        found = np.where((keys == own) | (bodies == own), np.int8(1), np.int8(-1))
        for place, query in enumerate(candidates.queries):
            positives = self.positives(int(query))
            copies = np.isin(keys[place], documents.keys[positives])
            found[place][copies] = 2
            found[place][np.isin(candidates.docs[place], positives)] = 0
        if candidates.relabelled is not None:
            found[(found < 0) & candidates.relabelled] = 3
        return np.where(candidates.docs >= 0, found, -1).astype(np.int8)
