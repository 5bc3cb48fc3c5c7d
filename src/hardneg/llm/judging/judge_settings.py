"""The settings of judging."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from hardneg.core.errors import ConfigError
from hardneg.llm.endpoint_settings import EndpointSettings
from hardneg.llm.judging.grades import HIGHEST

LEDGER_LIMIT = 1000
"""Most pairs of a ledger by default."""


class JudgeSettings(EndpointSettings):
    """How pairs are judged; in addition to the settings of `EndpointSettings`.

    Attributes:
        strong_model: Model that judges again what `model` finds relevant or cannot decide; None for none.
        strong_endpoint: Base URL of the strong model; None for the same endpoint.
        strong_key_env: Environment variable of its key; None for that of the first model.
        pairs: JSON lines file of `query_id` and `doc_id` to judge; None for the ledger's doubtful negatives.
        also: Candidates to judge as well: `dropped`, those dropped as suspected false negatives.
        limit: Most pairs to judge; None for 1,000 of a ledger and all of a file.
        prompt: Prompt, `en`, `ru` or a file with `{query}` and `{document}` in it.
        relevant_from: Least grade, 0 to 3, of relevant documents.
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
        """Checks that the settings fit together."""
        if self.strong_model is None and (self.strong_endpoint or self.strong_key_env):
            raise ConfigError("an endpoint or key of the strong model needs a strong model")
        if self.strong_model == self.model:
            raise ConfigError(f'the strong model is "{self.model}" too: name another, or none')
        if self.pairs is not None and self.also is not None:
            raise ConfigError("pairs come from the file or from the ledger: give either pairs or also")
