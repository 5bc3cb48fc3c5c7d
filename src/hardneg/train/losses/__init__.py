"""What a student's scores cost: one file a loss, each a function of the scores of a batch.

Adding a loss = adding a file whose first name in `__all__` is a frozen dataclass of its settings; calling it
with a `Grid` gives the loss. It is the same for bi-encoders, sparse encoders and cross-encoders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from hardneg.registry import Registry

if TYPE_CHECKING:
    from hardneg.train.grid import Grid


class Loss(Protocol):
    """The loss of a batch."""

    def __call__(self, grid: Grid) -> Any:
        """Returns the loss, a tensor of no dimensions, mean over the batch's queries."""


LOSSES: Registry[Loss] = Registry("hardneg.train.losses", "loss")
