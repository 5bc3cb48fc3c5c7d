"""What a call of the judge may be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from hardneg.core.errors import ConfigError
from hardneg.llm.judging.grades import HIGHEST
from hardneg.llm.endpoint_settings import EndpointSettings

MOST_OF_A_LEDGER = 1000
"""How many pairs of a ledger are judged unless a limit is given."""


class JudgeSettings(EndpointSettings):
    """How pairs are judged: the settings of `EndpointSettings`, and these.

    Attributes:
        strong_model: Judges again what `model` calls relevant or cannot decide; its word then counts.
        strong_endpoint: Where the strong model is served; the same endpoint unless given.
        strong_key_env: The variable of its key; `key_env` unless given.
        pairs: A JSON lines file of `query_id` and `doc_id`, in place of the ledger's doubtful negatives.
        also: `dropped`: candidates dropped as suspected false negatives too.
        limit: At most how many pairs; by default 1,000 of a ledger and all of a file.
        prompt: `en`, `ru`, or a file with `{query}` and `{document}` in it.
        relevant_from: The least grade, 0 to 3, that counts as relevant.
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
