"""Losses of the student's scores of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from hardneg.core.registry import Component, Registry, adapting, call_function


class Loss(Component, ABC):
    """The loss of a batch, for bi-encoders, sparse encoders and cross-encoders alike.

    Attributes:
        margins: Whether it learns the teacher's margins, of which probabilities leave hardly any.
    """

    margins: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, batch: Any) -> Any:
        """Returns the loss, a tensor of no dimensions, mean over the batch's queries.

        Args:
            batch: A `hardneg.training.scored_batch.ScoredBatch`.
        """


_loss_of = adapting(Loss, 1, __call__=call_function)
LOSSES: Registry[Loss] = Registry("loss", Loss, "__call__", "hardneg.training.losses", _loss_of)
loss = LOSSES.register
