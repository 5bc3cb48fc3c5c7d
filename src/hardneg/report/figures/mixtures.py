"""The parts of a mixture side by side: rows, how like the queries of a batch are, false negatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from hardneg.report.figures import rates
from hardneg.report.figures.style import AnyChart, Style, labelled_bars, row_labels, styled
from hardneg.report.i18n import Locale

Facts = Mapping[str, Any]


def rows(facts: Facts, locale: Locale, style: Style) -> AnyChart:
    """Returns the rows of each part, with repeats."""
    values = []
    for part in facts["parts"]:
        text = f"{locale.number(part['rows'])} ({locale.percent(part['share'])})"
        values.append({"label": part["name"], "value": part["rows"], "text": text})
    return _bars(values, alt.X("value:Q", title=locale("mixture.axis_rows"), axis=_TICKS), style)


def likeness(facts: Facts, locale: Locale, style: Style) -> AnyChart | None:
    """Returns how like two queries of a batch are, and any two of a part; None for batches at random."""
    values = []
    for part in facts["parts"]:
        for kind, value in (part.get("likeness") or {}).items():
            label = f"{part['name']}, {locale(f'mixture.{kind}')}"
            values.append({"label": label, "value": value, "text": locale.decimal(value)})
    x = alt.X("value:Q", title=locale("mixture.axis_likeness"), axis=_TICKS)
    return _bars(values, x, style) if values else None


def false_negatives(facts: Facts, locale: Locale, style: Style) -> AnyChart | None:
    """Returns the rate of each part, measured with its interval or else expected; None if none is known."""
    known = [(part["name"], rate_of(part)) for part in facts["parts"]]
    found = [{"arm": name, "mined": {"false_negatives": rate}} for name, rate in known]
    return rates.false_negatives(found, locale, style)


def rate_of(part: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the false-negative rate of a part, that of its audit before the expected one."""
    own = part["false_negatives"]
    if own["measured"] is not None:
        measured: Mapping[str, Any] = own["measured"]
        return measured
    return None if own["expected"] is None else {"rate": own["expected"]}


_TICKS = alt.Axis(tickCount=4)


def _bars(values: list[dict[str, Any]], x: alt.X, style: Style) -> AnyChart:
    values = [{**value, "detail": f"{value['label']}: {value['text']}"} for value in values]
    order = [value["label"] for value in values]
    return styled(labelled_bars(values, x, row_labels(order), style), style, height=30 * len(values) + 50)
