"""The settings of requests to a model behind an endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from hardneg.core.errors import ConfigError, require
from hardneg.core.registry import first_problem
from hardneg.endpoints.endpoint import KEY_IS_RECORDED, Endpoint


class Limits(Protocol):
    """The limits of requests; see `EndpointSettings`."""

    @property
    def concurrency(self) -> int:
        """Requests at one time."""

    @property
    def max_requests(self) -> int | None:
        """Most requests, repeated ones included."""

    @property
    def max_tokens(self) -> int | None:
        """Most tokens."""

    @property
    def timeout(self) -> float:
        """Seconds per request."""

    @property
    def retries(self) -> int:
        """Most repetitions of a failed request."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid", protected_namespaces=()))
class ServedSettings:
    """A model behind HTTP, and the limits of requests to it: the fields that such components share."""

    operational: ClassVar[tuple[str, ...]] = (
        "key_env", "batch_size", "concurrency", "max_requests", "max_tokens", "timeout", "retries",
    )  # fmt: skip
    endpoint: str
    model: str | None = None
    key_env: str | None = None
    batch_size: int = Field(default=32, ge=1)
    concurrency: int = Field(default=8, ge=1)
    max_requests: int | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=0)
    timeout: float = Field(default=120.0, gt=0)
    retries: int = Field(default=5, ge=0)
    options: Mapping[str, Any] = Field(default_factory=dict)

    def check_installed(self) -> None:
        """Checks that the HTTP client is installed."""
        require("httpx2", "judge")

    def served(self, paths: Sequence[str]) -> tuple[Endpoint, str | None]:
        """Returns the endpoint and the model's name, which may stand in the URL behind `#`.

        Args:
            paths: What users may have left at the end of the URL.

        Raises:
            ConfigError: The URL is none, two models are named, or the key stands in what is recorded.
        """
        url, sign, named = self.endpoint.strip().partition("#")
        if sign and (not named or (self.model is not None and self.model != named)):
            raise ConfigError(
                f'the endpoint "{self.endpoint}" names the model "{named}" behind "#"'
                + (f', and the setting model names "{self.model}"; name one' if named else ", which is none")
            )
        url = url.rstrip("/")
        for path in paths:
            url = url.removesuffix(path)
        endpoint, model = Endpoint.of(url, self.key_env), named or self.model
        recorded = json.dumps([model, endpoint.url, dict(self.options)], ensure_ascii=False)
        if endpoint.hide(recorded) != recorded:
            raise ConfigError(KEY_IS_RECORDED)
        return endpoint, model


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
