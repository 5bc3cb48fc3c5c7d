"""What a call may spend: room is reserved before a request is sent and settled when its cost is known."""

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
    """Counts what was spent and what requests under way may still cost.

    Pairs come in order and each reserves the most that it may cost. One that does not fit waits for those
    before it, so which pairs are judged does not depend on whose answer is the quicker.

    Args:
        max_requests: The most requests, None for any number.
        max_tokens: The most tokens, None for any number.
    """

    def __init__(self, max_requests: int | None, max_tokens: int | None) -> None:
        self._most = Cost(*(-1 if most is None else most for most in (max_requests, max_tokens)))
        self.spent = Cost()
        self._reserved = Cost()

    def lacks(self, cost: Cost) -> str | None:
        """Returns the limit that a cost would break now, as `max_requests`; None if it fits."""
        after = self.spent.plus(self._reserved).plus(cost)
        for name, most in zip(Cost._fields, self._most, strict=True):
            if 0 <= most < getattr(after, name) and getattr(cost, name):
                return f"max_{name}"
        return None

    def reserve(self, cost: Cost) -> None:
        """Sets room aside."""
        self._reserved = self._reserved.plus(cost)

    def settle(self, reserved: Cost, spent: Cost) -> None:
        """Frees room that was set aside and counts what was spent of it."""
        self._reserved = self._reserved.minus(reserved)
        self.spent = self.spent.plus(spent)
