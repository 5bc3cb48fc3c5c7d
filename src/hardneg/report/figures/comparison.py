"""A comparison of recipes: what each trains, the difference from the first, its false negatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hardneg.report.figures.rates import interval, intervals, rate_row
from hardneg.report.figures.style import AnyChart, Style, styled
from hardneg.report.i18n import Locale
from hardneg.report.summary import RunSummary

Rows = Sequence[Mapping[str, Any]]
MAIN = "nDCG@10"


def of_run(summary: RunSummary, locale: Locale, style: Style, measure: str | None = None) -> AnyChart | None:
    """Returns what the comparison that a run belongs to measured; see `measured`."""
    return measured(summary.comparison, locale, style, measure or MAIN)


def measures(rows: Rows) -> list[str]:
    """Returns the names of what was measured."""
    return list(dict.fromkeys(name for row in rows for name in row["measures"]))


def measured(rows: Rows, locale: Locale, style: Style, measure: str) -> AnyChart | None:
    """Returns the mean of one measure for each row, with its interval; None where it was not measured."""
    values = [
        _value(row["arm"], row["measures"][measure], locale, "suspected" if row.get("best") else "negative")
        for row in rows
        if measure in row["measures"]
    ]
    return _drawn(values, measure, style, rates=False)


def differences(rows: Rows, locale: Locale, style: Style) -> AnyChart | None:
    """Returns each recipe's difference from the first, with intervals; None with one recipe."""
    values, first = [], ""
    for row in rows:
        against = row.get("against_first")
        if against is None or row.get("mined") is None:
            continue
        first = against["base"]
        group = "suspected" if against["p_holm"] < 0.05 else "negative"
        values.append(_value(row["arm"], against["difference"], locale, group, sign="+"))
    return _drawn(values, locale("comparison.difference", first=first), style, rates=False)


def false_negatives(rows: Rows, locale: Locale, style: Style) -> AnyChart | None:
    """Returns each recipe's false-negative rate with its interval; None where none was estimated."""
    estimates = [(row["arm"], (row.get("mined") or {}).get("false_negatives") or {}) for row in rows]
    values = [
        rate_row(locale, arm, estimate, "negative")
        for arm, estimate in estimates
        if estimate.get("rate") is not None
    ]
    return _drawn(values, locale("axis.rate"), style)


def _value(
    arm: str, estimate: Mapping[str, Any], locale: Locale, group: str, sign: str = ""
) -> dict[str, Any]:
    ends = float(estimate["mean"]), float(estimate["low"]), float(estimate["high"])
    texts = [("+" if sign and end > 0 else "") + locale.decimal(end) for end in ends]
    return interval(arm, ends, group, texts)


def _drawn(values: list[dict[str, Any]], axis: str, style: Style, rates: bool = True) -> AnyChart | None:
    if not values:
        return None
    return styled(intervals(values, axis, style, rates), style, height=30 * len(values) + 50)
