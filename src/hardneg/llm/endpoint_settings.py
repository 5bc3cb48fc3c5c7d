"""The settings of requests to an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hardneg.core.errors import ConfigError
from hardneg.core.registry import first_problem


class EndpointSettings(BaseModel):
    """Address of a model, and the limits of requests to it.

    Attributes:
        endpoint: Base URL of an OpenAI-compatible interface, as in `http://localhost:8000/v1`.
        model: Name of the model there.
        key_env: Environment variable of the key; None for `OPENAI_API_KEY`, which may be unset.
        concurrency: Requests at one time.
        max_requests: Most requests of this call, repeated ones included; None for no limit.
        max_tokens: Most tokens of prompts and answers of this call; None for no limit.
        timeout: Seconds per request.
        retries: Most repetitions of a failed request.
        max_characters: Characters after which documents are cut.
        options: Fields of the request body to change or add; None removes one.
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
        """Returns the settings, checked."""
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
        """Checks that the settings fit together."""
