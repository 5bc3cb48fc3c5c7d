"""The settings of ranking: which rankers, how deep, and how their lists become one."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

from hardneg.core.components import RANKERS, Ranker

AnyRanker = Annotated[Ranker, PlainValidator(RANKERS.make), PlainSerializer(RANKERS.describe)]


class RankSettings(BaseModel):
    """How candidates are found.

    Attributes:
        rankers: Each as `bm25`, `dense:MODEL` or `{dense: {model: MODEL, ...}}`.
        depth: Documents per query that each ranker retrieves at first; short queries are searched deeper.
        max_depth: The deepest search; None for the size of the corpus.
        order: How several lists become one: `rrf`, `minmax`, `zscore`, `scorer` (by the scores that rules
            read), or the name of the ranker whose scores give the order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rankers: tuple[AnyRanker, ...] = Field(min_length=1)
    depth: int = Field(default=100, ge=1)
    max_depth: int | None = Field(default=None, ge=1)
    order: str = "rrf"

    @property
    def names(self) -> tuple[str, ...]:
        """The rankers' names, as the ledger's columns have them: the kind, numbered when it repeats."""
        names: list[str] = []
        for ranker in self.rankers:
            wanted = ranker.name or RANKERS.name_of(ranker)
            number = sum(name == wanted or name.startswith(f"{wanted}_") for name in names)
            names.append(f"{wanted}_{number + 1}" if number else wanted)
        return tuple(names)

    @property
    def similarity_names(self) -> tuple[str, ...]:
        """The names of the rankers that measure similarity, cross-encoders first."""
        named = [(r, name) for r, name in zip(self.rankers, self.names, strict=True) if r.measures_similarity]
        return tuple(name for _, name in sorted(named, key=lambda pair: not pair[0].reranks))

    @property
    def scorers(self) -> dict[str, bool]:
        """For each ranker, whether its scores mean the same for every query: cosines do, BM25's do not.

        Lists of negatives have no scores to learn from.
        """
        named = zip(self.names, self.rankers, strict=True)
        return {name: ranker.comparable for name, ranker in named if ranker.scored}
