"""The documents that a training set lists as negatives of a query."""

from __future__ import annotations

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.records import Collection
from hardneg.rankers.run import RunRanker


@ranker("listed")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Listed(Ranker):
    """Retrieves what the source lists as not relevant, in its order; each scores 1, all else has no score.

    Attributes:
        name: The ranker's name in the ledger; None for `listed`.
    """

    name: str | None = None
    shorthand = "name"
    scored = False
    reads_texts = False

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker."""
        queries, docs = collection.listed()
        order, ones = np.arange(len(docs)), np.ones(len(docs), np.float32)
        return RunRanker(queries, docs, order, ones, collection, {"listed": len(docs)})
