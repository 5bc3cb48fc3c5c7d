"""The scores that a source brings with its documents, as a ranker: nothing is encoded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import Collection, FloatArray, GivenScores, IntArray
from hardneg.core.records.scores import score_name

_MOST_BELOW = 0.75
"""The share of queries whose positives score below most candidates, beyond which scores are distances."""


@ranker("given")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Given(Ranker):
    """Ranks by scores that the source brings with its documents; of several for one pair the best counts.

    Attributes:
        column: What the scores are called: `scores` for `scores`, `score`, or `pos_scores` and `neg_scores`.
        scores: `similarity`, or `distance`, of which the least is best: the scores are turned. None for
            similarity, unless the positives' scores say otherwise, which is an error.
        name: The ranker's name in the ledger; None for `given`.
    """

    column: str
    scores: Literal["similarity", "distance"] | None = None
    name: str | None = None
    shorthand = "column"
    comparable = True
    measures_similarity = True
    reads_texts = False

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker.

        Raises:
            ConfigError: The source brings no such scores.
            DataError: They are distances.
        """
        given = collection.scores.get(score_name(self.column), collection.scores.get(self.column))
        if given is None:
            found = ", ".join(f"given:{name}" for name in collection.scores) or "none"
            raise ConfigError(
                f"{collection.name} brings no scores called {self.column}; found: {found}. Scores stand "
                "beside the documents, as score, scores, or pos_scores and neg_scores"
            )
        sign = -1.0 if self.scores == "distance" else 1.0
        opened = GivenRanker(given, sign)
        facts = {"column": score_name(self.column), **opened.examined(collection)}
        below, queries = facts.pop("positives_below"), facts.pop("queries_compared")
        if self.scores is None and below > _MOST_BELOW * queries:
            raise DataError(
                f"{collection.name}: by {self.column} the positives score below most candidates in {below:,} "
                f"of {queries:,} queries, as distances do: pass --set "
                "rank.rankers.given.scores=distance, or =similarity if the highest is the best"
            )
        opened.facts = facts
        return opened


class GivenRanker:
    """Retrieves the documents that a source scores, and scores no others."""

    retrieves = True

    def __init__(self, given: GivenScores, sign: float) -> None:
        self.facts: Mapping[str, Any] = {}
        self._given = given
        self._sign = np.float32(sign)

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best documents of each query; see `OpenedRanker.search`."""
        docs = np.full((len(queries), depth), -1, np.int32)
        scores = np.full((len(queries), depth), np.nan, np.float32)
        for row, (own, values) in enumerate(map(self._distinct, queries)):
            best = np.lexsort((own, -values))[:depth]
            docs[row, : len(best)], scores[row, : len(best)] = own[best], values[best]
        return docs, scores

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents, NaN where there is none; see `OpenedRanker.score`."""
        found = np.full(docs.shape, np.nan, np.float32)
        for row, (own, values) in enumerate(map(self._distinct, queries)):
            if len(own):
                places = np.minimum(np.searchsorted(own, docs[row]), len(own) - 1)
                listed = own[places] == docs[row]
                found[row, listed] = values[places[listed]]
        return found

    def examined(self, collection: Collection) -> dict[str, Any]:
        """Returns what is known of the scores: digest, counts, bounds, and how positives stand among them."""
        counts = dict.fromkeys(("conflicting", "positives_below", "queries_compared"), 0)
        digest, low, high = hashlib.sha256(), np.inf, -np.inf
        for query, docs, values in self._by_query():
            digest.update(np.int64(query).tobytes() + docs.tobytes() + values.tobytes())
            if not len(docs):
                continue
            low, high = min(low, float(values.min())), max(high, float(values.max()))
            pairs = np.unique(np.stack([docs, values]), axis=1)[0]
            counts["conflicting"] += len(pairs) - len(np.unique(pairs))
            positive = np.isin(docs, collection.judgments.positives(query))
            if positive.any() and not positive.all():
                counts["queries_compared"] += 1
                own = float(self._sign * values[positive].mean())
                counts["positives_below"] += own < float(np.median(self._sign * values[~positive]))
        bounds = {} if high < low else {"low": low, "high": high}
        return {"sha256": digest.hexdigest(), "scored": len(self._given), **bounds, **counts}

    def _by_query(self) -> Iterator[tuple[int, IntArray, FloatArray]]:
        for query in range(len(self._given.begins) - 1):
            yield (query, *self._given.of(query))

    def _distinct(self, query: int) -> tuple[IntArray, FloatArray]:
        """Returns the documents of a query, each once, ascending, and the best score of each."""
        docs, values = self._given.of(int(query))
        values = self._sign * values
        order = np.lexsort((-values, docs))
        docs, first = np.unique(docs[order], return_index=True)
        return docs, values[order][first]
