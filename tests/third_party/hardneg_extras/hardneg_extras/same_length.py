"""A validator that does not derive from hardneg's class: it has what it must have, and no more."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SameLength:
    """Flags candidates that are as long as a positive.

    Attributes:
        within: Most characters of difference.
    """

    within: int = 0
    kind = "flag"
    weight = 0.5

    def open(self, collection, rankers, context):
        """Returns the validator at work."""
        return _Opened(collection, self.within)

    def suspects(self, evidence, positive):
        """Returns what is flagged."""
        return np.nan_to_num(evidence) > 0.5


class _Opened:
    def __init__(self, collection, within):
        self.facts = {}
        self._collection, self._within = collection, within

    def evidence(self, candidates):
        documents, judgments = self._collection.documents, self._collection.judgments
        evidence = np.full(candidates.shape, np.nan, np.float32)
        for row, query in enumerate(candidates.queries.tolist()):
            docs = candidates.docs[row][candidates.docs[row] >= 0]
            positives = judgments.positives(query)
            own, others = (
                np.array([len(text) for text in documents.texts(rows)]) for rows in (docs, positives)
            )
            near = np.abs(own[:, None] - others) <= self._within
            evidence[row, candidates.docs[row] >= 0] = (near & (docs[:, None] != positives)).any(axis=1)
        return evidence
