"""What whoever asks an endpoint may be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hardneg.core.errors import ConfigError
from hardneg.core.registry import first_problem


class EndpointSettings(BaseModel):
    """Where a model is served, how it is asked, and what that may cost.

    Attributes:
        endpoint: Base URL of an OpenAI-compatible interface, as in `http://localhost:8000/v1`.
        model: Name of the model at the endpoint.
        key_env: Environment variable that holds the key; `OPENAI_API_KEY`, if it is set, unless given.
        concurrency: Most requests at one time.
        max_requests: Most requests to send, repeated ones included.
        max_tokens: Most tokens to spend, of prompts and answers.
        timeout: Seconds per request.
        retries: Times that a failed request is repeated.
        max_characters: Characters after which documents are cut.
        options: Fields of the request body, changed or added; None takes one away.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    endpoint: str
    model: str = Field(min_length=1)
    key_env: str | None = None
    concurrency: int = Field(default=8, ge=1)
    max_requests: int | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=0)
    timeout: float = Field(default=120.0, gt=0)
    retries: int = Field(default=5, ge=0)
    max_characters: int = Field(default=6000, ge=1)
    options: Mapping[str, Any] = Field(default_factory=dict)

    @classmethod
    def build(cls, **settings: Any) -> Self:
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
        built.check()
        return built

    def check(self) -> None:
        """Checks what the settings say together.

        Raises:
            ConfigError: They contradict each other.
        """
