"""Scores that a source brings with its candidates, by query; perhaps mapped from disk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hardneg.core.records.arrays import FloatArray, IntArray

SIDE = re.compile(r"(pos|neg)(?:itives?|atives?|s)?(?:_\d+)?_", re.IGNORECASE)
"""How the name of a column begins that holds scores of positives, or of negatives, alone."""

ScoreScale = Literal["raw", "probabilities", "logits", "z-scores"]
"""The scales in which a training set may give scores."""

_SINGULAR = ("score", "logit", "distance")


def score_name(column: str) -> str:
    """Returns what scores are called: `scores` for the columns `neg_scores`, `positive_score`, `score`."""
    stem = SIDE.sub("", column, count=1) if SIDE.match(column) else column
    return f"{stem}s" if stem.endswith(_SINGULAR) else stem


@dataclass(frozen=True)
class GivenScores:
    """The scores of one column: of each query, in the source's order, the documents that it scores.

    Attributes:
        begins: (n_queries + 1,) int64, where the documents of each query begin, and the last ones end.
        docs: (n,) int32, document rows; one may come several times.
        values: (n,) float32, finite.
    """

    begins: npt.NDArray[np.int64]
    docs: IntArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.docs)

    def of(self, query: int) -> tuple[IntArray, FloatArray]:
        """Returns the (docs, values) of one query row."""
        own = slice(int(self.begins[query]), int(self.begins[query + 1]))
        return np.array(self.docs[own]), np.array(self.values[own])

    def part(self, queries: IntArray, docs: IntArray) -> GivenScores:
        """Returns the scores of some query and document rows, both ascending, by their new rows."""
        begins, kept_docs, kept_values = [0], [np.empty(0, np.int32)], [np.empty(0, np.float32)]
        for query in queries.tolist():
            own, values = self.of(query)
            mask = np.isin(own, docs)
            begins.append(begins[-1] + int(mask.sum()))
            kept_docs.append(np.searchsorted(docs, own[mask]).astype(np.int32))
            kept_values.append(values[mask])
        return GivenScores(np.array(begins), np.concatenate(kept_docs), np.concatenate(kept_values))
