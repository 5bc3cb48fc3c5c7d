"""The settings of generating."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hardneg.core.components import RANKERS
from hardneg.core.errors import ConfigError
from hardneg.endpoints.settings import EndpointSettings

QueryKind = Literal["question", "keywords", "claim"]
_OF_QUERIES = {"queries", "kinds", "also", "examples", "ranker", "round_trip"}


class GenerateSettings(EndpointSettings):
    """What is generated; in addition to the settings of `EndpointSettings`.

    Attributes:
        negatives: Negatives to write per query that has a positive; None to write queries instead.
        queries: Queries per document.
        kinds: Kinds of queries, taken in turn: `question`, `keywords` or `claim`.
        also: Documents to write queries for as well: `judged`, those that a query has as a positive.
        limit: Most documents, or queries with `negatives`, drawn at random.
        examples: Judged pairs of the collection in the prompt.
        ranker: Ranker that must retrieve the document of a query, as `bm25` or `dense:MODEL`.
        round_trip: Lowest rank at which it must retrieve the document; 0 to keep every query.
        seed: Seed of all random draws.
        prompt: File of another prompt; None for the one of hardneg.
    """

    negatives: int | None = Field(default=None, ge=1, le=20)
    queries: int = Field(default=3, ge=1, le=20)
    kinds: tuple[QueryKind, ...] = Field(default=("question", "keywords", "claim"), min_length=1)
    also: Literal["judged"] | None = None
    limit: int = Field(default=1000, ge=1)
    examples: int = Field(default=4, ge=0, le=32)
    ranker: str = "bm25"
    round_trip: int = Field(default=10, ge=0)
    seed: int = 42
    prompt: str | None = None

    def check(self) -> None:
        """Checks that the settings fit together."""
        unused = _OF_QUERIES & self.model_fields_set
        if self.negatives is not None and unused:
            raise ConfigError(f"{min(unused)} is for writing queries: give either that or negatives")
        ranker = RANKERS.make(self.ranker)
        if ranker.reranks or not ranker.reads_texts:
            raise ConfigError(
                f"{RANKERS.name_of(ranker)} cannot search for written queries; bm25 or dense:MODEL can"
            )
