"""What a call of `generate` may be told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hardneg.core.components import RANKERS
from hardneg.core.errors import ConfigError
from hardneg.llm.endpoint_settings import EndpointSettings

QueryKind = Literal["question", "keywords", "claim"]
_OF_QUERIES = {"queries", "kinds", "also", "examples", "ranker", "round_trip"}


class GenerateSettings(EndpointSettings):
    """What is written, and how much of it: the settings of `EndpointSettings`, and these.

    Attributes:
        negatives: Negatives to write per query that has a positive, in place of queries.
        queries: Queries per document.
        kinds: Kinds of queries, taken in turn.
        also: `judged`: write queries also for documents that are a query's positive.
        limit: Most documents to write queries for, or queries to write negatives for, drawn by the seed.
        examples: Judged pairs of the collection that the prompt shows.
        ranker: Ranker that must retrieve a query's document, as `bm25` or `dense:MODEL`.
        round_trip: Rank up to which it must be retrieved; 0 keeps every query.
        seed: Seed of all random draws.
        prompt: File in place of the built-in prompt.
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
        """Checks what the settings say together.

        Raises:
            ConfigError: One of those for queries is given for negatives, or the ranker does not fit.
        """
        idle = _OF_QUERIES & self.model_fields_set
        if self.negatives is not None and idle:
            raise ConfigError(f"{min(idle)} is for writing queries: give either that or negatives")
        found = RANKERS.make(self.ranker)
        if found.reranks or not found.reads_texts:
            raise ConfigError(
                f"{RANKERS.name_of(found)} cannot search for written queries; bm25 or dense:MODEL can"
            )
