"""Losses of the student's scores of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from hardneg.core.registry import Component, Registry, function_class, settings_of


class Loss(Component, ABC):
    """The loss of a batch, for bi-encoders, sparse encoders and cross-encoders alike."""

    @abstractmethod
    def __call__(self, batch: Any) -> Any:
        """Returns the loss, a tensor of no dimensions, mean over the batch's queries.

        Args:
            batch: A `hardneg.training.scored_batch.ScoredBatch`.
        """


def _loss_of(function: Callable[..., Any]) -> type[Loss]:
    def call(self: Any, batch: Any) -> Any:
        """Returns the function's loss."""
        return self.function(batch, **settings_of(self))

    made: type[Loss] = function_class(Loss, function, 1, __call__=call)
    return made


LOSSES: Registry[Loss] = Registry("loss", Loss, "__call__", "hardneg.training.losses", _loss_of)
loss = LOSSES.register
