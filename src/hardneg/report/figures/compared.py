"""A comparison of recipes: what each trains, how far from the first, and with how many false negatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hardneg.report.figures.rates import interval, intervals
from hardneg.report.figures.style import AnyChart, Look, finished
from hardneg.report.gather import Findings
from hardneg.report.i18n import Words

Rows = Sequence[Mapping[str, Any]]
MAIN = "nDCG@10"


def compared(found: Findings, words: Words, look: Look, measure: str | None = None) -> AnyChart | None:
    """Returns what the comparison that a run belongs to measured; see `measured`."""
    return measured(found.compared, words, look, measure or MAIN)


def measures(rows: Rows) -> list[str]:
    """Returns the names of what was measured."""
    return list(dict.fromkeys(name for row in rows for name in row["measures"]))


def measured(rows: Rows, words: Words, look: Look, measure: str) -> AnyChart | None:
    """Returns the mean of one measure for each row, with its interval; None where it was not measured."""
    values = [
        _value(row["arm"], row["measures"][measure], words, "suspected" if row.get("best") else "negative")
        for row in rows
        if measure in row["measures"]
    ]
    return _drawn(values, measure, look)


def differences(rows: Rows, words: Words, look: Look) -> AnyChart | None:
    """Returns how far each recipe is from the first, with intervals; None where there is one recipe."""
    values, first = [], ""
    for row in rows:
        against = row.get("against_first")
        if against is None or row.get("mined") is None:
            continue
        first = against["base"]
        group = "suspected" if against["p_holm"] < 0.05 else "negative"
        values.append(_value(row["arm"], against["difference"], words, group, sign="+"))
    return _drawn(values, words("comparison.difference", first=first), look)


def false_negatives(rows: Rows, words: Words, look: Look) -> AnyChart | None:
    """Returns each recipe's false-negative rate with its interval; None where none is known."""
    values = []
    for row in rows:
        told = (row.get("mined") or {}).get("false_negatives") or {}
        if told.get("rate") is not None:
            rate, low, high = (float(told[key]) for key in ("rate", "low", "high"))
            text = words.percent(rate)
            more = f"{row['arm']}: {text} [{words.percent(low)}, {words.percent(high)}]"
            values.append(interval(row["arm"], (rate, low, high), "negative", text, more))
    if not values:
        return None
    return finished(intervals(values, words("axis.rate"), look), look, height=_height(values))


def _value(arm: str, told: Mapping[str, Any], words: Words, group: str, sign: str = "") -> dict[str, Any]:
    ends = float(told["mean"]), float(told["low"]), float(told["high"])
    shown = [("+" if sign and end > 0 else "") + words.decimal(end) for end in ends]
    return interval(arm, ends, group, shown[0], f"{arm}: {shown[0]} [{shown[1]}, {shown[2]}]")


def _drawn(values: list[dict[str, Any]], axis: str, look: Look) -> AnyChart | None:
    if not values:
        return None
    return finished(intervals(values, axis, look, zero=False, percent=False), look, height=_height(values))


def _height(values: Sequence[Any]) -> int:
    return 30 * len(values) + 50
