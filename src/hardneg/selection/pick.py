"""Takes negatives for one query: from one order or several in turn, under a cap on each document's use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass
class Usage:
    """How often each document has served as a negative so far.

    Attributes:
        counts: (n_documents,) int32.
        limit: The most that a document may serve.
    """

    counts: npt.NDArray[np.int32]
    limit: int

    def spent(self, doc: int) -> bool:
        """Returns whether a document may not serve again."""
        return bool(self.counts[doc] >= self.limit)


def pick(
    docs: npt.NDArray[np.int32],
    orders: Sequence[Sequence[int]],
    negatives: int,
    distinct: bool,
    usage: Usage | None,
) -> tuple[list[int], list[int]]:
    """Returns the columns taken, with repeats when not `distinct`, and those passed over by the cap.

    Args:
        docs: (depth,) int32, the query's candidates.
        orders: For each teacher the columns it allows, the first to be drawn first; they take turns.
        negatives: How many to take.
        distinct: Whether a teacher skips what another has taken.
        usage: The cap's counts, which taking adds to; None for no cap.
    """
    taken: list[int] = []
    capped: list[int] = []
    waiting = [iter(order) for order in orders]
    while waiting and len(taken) < negatives:
        teacher = waiting.pop(0)
        for column in teacher:
            if distinct and column in taken:
                continue
            if usage is not None and usage.spent(docs[column]):
                capped.append(column)
                continue
            taken.append(column)
            if usage is not None:
                usage.counts[docs[column]] += 1
            waiting.append(teacher)
            break
    return taken, capped
