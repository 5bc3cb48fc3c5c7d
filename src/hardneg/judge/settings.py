"""What a call of the judge may be told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hardneg.errors import ConfigError
from hardneg.judge.answers import HIGHEST
from hardneg.registry import first_problem

MOST_OF_A_LEDGER = 1000
"""How many pairs of a ledger are judged unless a limit is given."""


class JudgeSettings(BaseModel):
    """How pairs are judged.

    Attributes:
        endpoint: The base of an OpenAI-compatible interface, as in `http://localhost:8000/v1`.
        model: The model's name there.
        key_env: The environment variable that holds the key; `OPENAI_API_KEY`, if it is set, unless given.
        strong_model: Judges again what `model` calls relevant or cannot decide; its word then counts.
        strong_endpoint: Where the strong model is served; the same endpoint unless given.
        strong_key_env: The variable of its key; `key_env` unless given.
        pairs: A JSON lines file of `query_id` and `doc_id`, in place of the ledger's doubtful negatives.
        also: `dropped`: candidates dropped as suspected false negatives too.
        limit: At most how many pairs; by default 1,000 of a ledger and all of a file.
        prompt: `en`, `ru`, or a file with `{query}` and `{document}` in it.
        relevant_from: The least grade, 0 to 3, that counts as relevant.
        concurrency: Requests at one time.
        max_requests: The most requests that this call may send, repeated ones included.
        max_tokens: The most tokens of prompts and answers that this call may spend.
        timeout: Seconds that one request may take.
        retries: How often a request that failed is sent again.
        max_characters: Where longer documents are cut.
        options: Fields of the request body, changed or added; None takes one away.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    endpoint: str
    model: str = Field(min_length=1)
    key_env: str | None = None
    strong_model: str | None = Field(default=None, min_length=1)
    strong_endpoint: str | None = None
    strong_key_env: str | None = None
    pairs: Path | None = None
    also: Literal["dropped"] | None = None
    limit: int | None = Field(default=None, ge=1)
    prompt: str = "en"
    relevant_from: int = Field(default=2, ge=1, le=HIGHEST)
    concurrency: int = Field(default=8, ge=1)
    max_requests: int | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=0)
    timeout: float = Field(default=120.0, gt=0)
    retries: int = Field(default=5, ge=0)
    max_characters: int = Field(default=6000, ge=1)
    options: Mapping[str, Any] = Field(default_factory=dict)

    @classmethod
    def build(cls, **settings: Any) -> JudgeSettings:
        """Returns the settings, checked.

        Raises:
            ConfigError: One is unknown, contradictory or out of range.
        """
        try:
            built = cls(**settings)
        except ValidationError as error:
            raise ConfigError(first_problem(error)) from None
        fixed = {"model", "messages", "stream", "n"} & set(built.options)
        if fixed:
            raise ConfigError(f'the request\'s "{min(fixed)}" is not for options to set')
        if built.strong_model is None and (built.strong_endpoint or built.strong_key_env):
            raise ConfigError("an endpoint or key of the strong model needs a strong model")
        if built.strong_model == built.model:
            raise ConfigError(f'the strong model is "{built.model}" too: name another, or none')
        if built.pairs is not None and built.also is not None:
            raise ConfigError("pairs come from the file or from the ledger: give either pairs or also")
        return built
