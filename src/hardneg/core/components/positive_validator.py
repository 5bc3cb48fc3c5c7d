"""Validators of positives: what a labelled pair shows of being wrong, besides how rankers score it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

from hardneg.core.components.ranker import Context, OpenedRanker
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.core.registry import Component, Registry


class OpenedPositiveValidator(Protocol):
    """A validator of positives that is opened for one collection."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What `run.json` should record."""

    def probability(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n,) float32: the probability that each pair is wrong, NaN where it shows nothing.

        Args:
            queries: (n,) int32, query rows.
            docs: (n,) int32, rows of documents that are labelled relevant to them.
        """


class PositiveValidator(Component, ABC):
    """The settings of a validator of positives, as a recipe gives them.

    It says how probable it is that a pair is wrong; what follows is for the setting `positives.action`.
    """

    @abstractmethod
    def open(
        self, collection: Collection, rankers: Mapping[str, OpenedRanker], context: Context
    ) -> OpenedPositiveValidator:
        """Returns the opened validator.

        Raises:
            HardnegError: What it needs is missing or does not fit the collection.
        """


POSITIVE_VALIDATORS: Registry[PositiveValidator] = Registry(
    "positive_validator", PositiveValidator, "open", "hardneg.validators.positives"
)
positive_validator = POSITIVE_VALIDATORS.register
