"""What describes a model that scores pairs, and what such a model does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hardneg.core.errors import ConfigError
from hardneg.core.records import FloatArray


@dataclass(frozen=True)
class ModelDescription:
    """What describes the scores of a model.

    Attributes:
        facts: See `OpenedRanker.facts`.
        fingerprint: The digest of all but the texts that decides on a score.
        chunk: Pairs to score together.
    """

    facts: Mapping[str, Any]
    fingerprint: str
    chunk: int

    def check_same(self, other: ModelDescription) -> None:
        """Checks that a worker of a cluster scores as described.

        Raises:
            ConfigError: It does not.
        """
        if self.fingerprint != other.fingerprint:
            keys = [key for key in self.facts if key != "truncation" and self.facts[key] != other.facts[key]]
            differing = ", ".join(f"{key}: {self.facts[key]} and {other.facts[key]}" for key in keys)
            raise ConfigError(
                f"the nodes of the cluster score differently ({differing or 'device'}); set the "
                "model's precision and device, or use nodes of one kind"
            )


class ScoringModel(Protocol):
    """A loaded model that scores pairs.

    Attributes:
        facts: See `OpenedRanker.facts`.
        chunk: Pairs to score together.
    """

    facts: dict[str, Any]
    chunk: int

    def description(self, documents: list[str], queries: list[str]) -> ModelDescription:
        """Returns what describes the model's scores, and how much it cuts of some texts."""

    def scores(self, queries: list[str], documents: list[str]) -> FloatArray:
        """Returns (n,) float32: the finite scores of n pairs, at least one."""
