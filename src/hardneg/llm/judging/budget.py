"""What may be spent on judging: pairs, tokens or money."""

from __future__ import annotations

import re
from typing import NamedTuple

from hardneg.core.errors import ConfigError

_AMOUNT = re.compile(r"(\d[\d_]*(?:\.\d+)?)\s*(pairs|tokens|money)?", re.IGNORECASE)
_MILLION = 1_000_000


class JudgeBudget(NamedTuple):
    """Most pairs to ask about, and most tokens; None for no limit."""

    pairs: int | None
    tokens: int | None

    @classmethod
    def of(cls, text: str, price: float | None) -> JudgeBudget:
        """Returns the budget that is written as `500`, `500 pairs`, `200000 tokens` or `2.5 money`.

        Args:
            text: An amount and its unit.
            price: Of a million tokens, in the currency of `money`.

        Raises:
            ConfigError: It is no budget, or one of money without a price.
        """
        found = _AMOUNT.fullmatch(text.strip())
        if not found:
            raise ConfigError(
                f'--judge-budget "{text}": expected pairs, as 500, or "200000 tokens", or "2.5 money" with '
                "--price"
            )
        amount, unit = float(found[1].replace("_", "")), (found[2] or "pairs").lower()
        if unit != "money" and amount != int(amount):
            raise ConfigError(f'--judge-budget "{text}": {unit} are whole numbers')
        if unit == "pairs":
            return cls(int(amount), None)
        if unit == "tokens":
            return cls(None, int(amount))
        if not price:
            raise ConfigError(f'--judge-budget "{text}" needs the price of a million tokens: --price')
        return cls(None, int(amount / price * _MILLION))
