"""What a call of the judge may be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from hardneg.core.errors import ConfigError
from hardneg.llm.endpoint_settings import EndpointSettings
from hardneg.llm.judging.grades import HIGHEST

MOST_OF_A_LEDGER = 1000
"""How many pairs of a ledger are judged unless a limit is given."""


class JudgeSettings(EndpointSettings):
    """How pairs are judged: the settings of `EndpointSettings`, and these.

    Attributes:
        strong_model: Model that grades again what `model` calls relevant or cannot decide; its verdict
            counts.
        strong_endpoint: Base URL of the strong model; that of `model` unless given.
        strong_key_env: Environment variable that holds the strong model's key; that of `model` unless given.
        pairs: JSON lines of `query_id` and `doc_id` to judge, in place of the ledger's doubtful negatives.
        also: `dropped`: judge candidates dropped as suspected false negatives too.
        limit: Most pairs to judge; 1,000 of a ledger and all of a file unless given.
        prompt: `en`, `ru`, or a file with `{query}` and `{document}` in it.
        relevant_from: Least grade, 1 to 3, of a relevant document.
    """

    strong_model: str | None = Field(default=None, min_length=1)
    strong_endpoint: str | None = None
    strong_key_env: str | None = None
    pairs: Path | None = None
    also: Literal["dropped"] | None = None
    limit: int | None = Field(default=None, ge=1)
    prompt: str = "en"
    relevant_from: int = Field(default=2, ge=1, le=HIGHEST)

    def check(self) -> None:
        """Checks what the settings say together.

        Raises:
            ConfigError: They contradict each other.
        """
        if self.strong_model is None and (self.strong_endpoint or self.strong_key_env):
            raise ConfigError("an endpoint or key of the strong model needs a strong model")
        if self.strong_model == self.model:
            raise ConfigError(f'the strong model is "{self.model}" too: name another, or none')
        if self.pairs is not None and self.also is not None:
            raise ConfigError("pairs come from the file or from the ledger: give either pairs or also")
