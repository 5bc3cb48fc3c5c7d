"""The budget of a call: costs are reserved before a request is sent and settled when they are known."""

from __future__ import annotations

from typing import NamedTuple


class Cost(NamedTuple):
    """Requests sent, and tokens of prompts and answers."""

    requests: int = 0
    tokens: int = 0

    def plus(self, other: Cost) -> Cost:
        """Returns the sum."""
        return Cost(self.requests + other.requests, self.tokens + other.tokens)

    def minus(self, other: Cost) -> Cost:
        """Returns the difference."""
        return Cost(self.requests - other.requests, self.tokens - other.tokens)


class Budget:
    """Counts what was spent and what pending requests may still cost.

    Jobs come in order and each reserves the most that it may cost. One that does not fit waits for those
    before it, so the speed of answers does not change which jobs are done.

    Args:
        max_requests: Most requests; None for no limit.
        max_tokens: Most tokens; None for no limit.
    """

    def __init__(self, max_requests: int | None, max_tokens: int | None) -> None:
        self._most = Cost(*(-1 if most is None else most for most in (max_requests, max_tokens)))
        self.spent = Cost()
        self._reserved = Cost()

    def lacks(self, cost: Cost) -> str | None:
        """Returns the limit that a cost would exceed, as `max_requests`; None if it fits."""
        after = self.spent.plus(self._reserved).plus(cost)
        for name, most in zip(Cost._fields, self._most, strict=True):
            if 0 <= most < getattr(after, name) and getattr(cost, name):
                return f"max_{name}"
        return None

    def reserve(self, cost: Cost) -> None:
        """Reserves a cost."""
        self._reserved = self._reserved.plus(cost)

    def settle(self, reserved: Cost, spent: Cost) -> None:
        """Frees a reservation and counts what was spent."""
        self._reserved = self._reserved.minus(reserved)
        self.spent = self.spent.plus(spent)
