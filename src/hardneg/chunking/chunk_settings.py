"""The settings of cutting documents into chunks."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hardneg.core.components import RANKERS
from hardneg.core.errors import ConfigError
from hardneg.core.registry import first_problem

_TOKENS = re.compile(r"(\d{1,9})(?::(\d{1,9}))?", re.ASCII)


class ChunkSettings(BaseModel):
    """How documents are cut.

    Attributes:
        tokens: Most tokens of a chunk as the model reads it, its title, prompt and special tokens included.
        overlap: Most tokens that a chunk repeats of the one before, at most half of them all.
        model: Model whose tokenizer counts: a hub id, a folder, or `default` (all-MiniLM-L6-v2).
        ranker: Ranker that finds the best chunk of a relevant document, as `bm25`; None for the model.
        positives: Which chunks of a relevant document are positives: the `best` one, the others being neither
            positive nor negative, or `all`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: int = Field(ge=1)
    overlap: int = Field(default=0, ge=0)
    model: str = Field(default="default", min_length=1)
    ranker: str | None = None
    positives: Literal["best", "all"] = "best"

    @classmethod
    def of(cls, tokens: int | str, **settings: Any) -> ChunkSettings:
        """Returns checked settings.

        Args:
            tokens: The tokens, or `TOKENS:OVERLAP`, as in `256:32`.
            settings: The others.

        Raises:
            ConfigError: One is unknown or out of range.
        """
        numbers = _TOKENS.fullmatch(str(tokens))
        if numbers is None:
            raise ConfigError(
                f'chunks: "{tokens}" is no number of tokens; write 256, or 256:32 to overlap by 32'
            )
        given = {
            "tokens": int(numbers[1]),
            **({"overlap": int(numbers[2])} if numbers[2] else {}),
            **settings,
        }
        try:
            return cls(**given)
        except ValidationError as error:
            raise ConfigError(f"chunks: {first_problem(error)}") from None

    @model_validator(mode="after")
    def _check(self) -> ChunkSettings:
        if 2 * self.overlap > self.tokens:
            raise ValueError(
                f"an overlap of {self.overlap:,} tokens is more than half of {self.tokens:,}; give less"
            )
        if self.ranker is not None:
            check_ranker(self.ranker)
        return self


def check_ranker(name: str) -> None:
    """Checks that a ranker can compare chunks, of which nothing but texts is known.

    Raises:
        ConfigError: There is no such ranker, or it needs more.
    """
    ranker = RANKERS.make(name)
    if not (ranker.reads_texts and ranker.scored):
        kind = RANKERS.name_of(ranker)
        raise ConfigError(f"chunks: {kind} does not know new chunks; bm25 or dense:MODEL can compare them")
