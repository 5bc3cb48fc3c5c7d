"""Estimates with intervals: the audit, its trade-off, calibration, agreement of rankers, recipes compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt

from hardneg.report.figures.style import (
    PERCENT,
    AnyChart,
    Style,
    chart_of,
    hover,
    labelled_bars,
    row_labels,
    styled,
    with_lines,
)
from hardneg.report.i18n import Locale
from hardneg.report.summary import RunSummary

Rows = Sequence[Mapping[str, Any]]
MAIN = "nDCG@10"
"""The measure of a comparison that is tested."""

_MOST_GROUPS = 18
_LABEL_DISTANCE = {"hardness": 0.1, "rate": 0.15}
"""Points of the trade-off are labelled that differ by one of these shares of the axes."""


def audit(summary: RunSummary, locale: Locale, style: Style) -> AnyChart | None:
    """Returns the measured false-negative rate, as a whole and by ranker, rank and language."""
    if not summary.audit or summary.audit.get("rate") is None:
        return None
    values = [_rate_row(locale("audit.all"), summary.audit, "suspected", locale)]
    for kind, parts in (summary.audit.get("by") or {}).items():
        for name, part in list((parts or {}).items())[:_MOST_GROUPS]:
            if part.get("rate") is not None:
                label = locale.texts.get(f"audit.{kind}", kind)
                values.append(_rate_row(f"{label}: {name}", part, "negative", locale))
    target = (summary.audit.get("target") or {}).get("rate")
    limits = [(float(target), locale("threshold.target", at=locale.percent(target)))] if target else []
    chart = with_lines(intervals(values, locale("axis.rate"), style), limits, style, above=True)
    return styled(chart, style, height=30 * len(values) + 40)


def trade_off(summary: RunSummary, locale: Locale, style: Style) -> AnyChart | None:
    """Returns the false-negative rate against hardness at each threshold that the audit tried."""
    points = [
        point
        for point in (summary.audit or {}).get("trade_off") or ()
        if point.get("rate") is not None and point.get("hardness") is not None
    ]
    if len(points) < 2:
        return None
    values = [
        {
            **{key: point.get(key) for key in ("rate", "low", "high", "hardness", "negatives")},
            "at": locale.figures(point["threshold"]),
            "detail": locale(
                "detail.trade_off",
                at=locale.figures(point["threshold"]),
                rate=locale.percent(point["rate"]),
                hardness=locale.decimal(point["hardness"]),
                negatives=locale.number(int(point.get("negatives") or 0)),
            ),
        }
        for point in points
    ]
    scale, axis = alt.Scale(zero=False, padding=18), alt.Axis(tickCount=5)
    x = alt.X("hardness:Q", title=locale("axis.hardness"), scale=scale, axis=axis)
    base = chart_of(_labelled(values)).encode(x=x)
    percent = alt.Axis(format="%", tickCount=5)
    band = base.mark_area(opacity=0.2, color=style.suspected).encode(
        y=alt.Y("low:Q", title=locale("axis.rate"), axis=percent), y2="high:Q"
    )
    line = base.mark_line(color=style.suspected).encode(y="rate:Q")
    dots = base.mark_point(color=style.suspected, filled=True, size=45, opacity=1)
    text = base.mark_text(dy=-10, fontSize=10).encode(y="rate:Q", text="label:N")
    return styled(alt.layer(band, line, dots.encode(y="rate:Q", **hover()), text), style)


def _labelled(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the points by hardness; `label` is empty for those close to the last one labelled."""
    ordered = sorted(points, key=lambda point: point["hardness"])
    spans = {name: max(p[name] for p in ordered) - min(p[name] for p in ordered) for name in _LABEL_DISTANCE}
    labelled: list[dict[str, Any]] = []
    for point in ordered:
        last = next((other for other in reversed(labelled) if other["label"]), None)
        apart = last is None or any(
            abs(point[name] - last[name]) > least * spans[name] for name, least in _LABEL_DISTANCE.items()
        )
        labelled.append({**point, "label": point["at"] if apart else ""})
    return labelled


def reliability(summary: RunSummary, locale: Locale, style: Style) -> AnyChart | None:
    """Returns predicted p(false negative) against the observed share; on the diagonal it is calibrated."""
    values = [
        {
            **{name: row[name] for name in ("predicted", "observed", "count")},
            "detail": locale(
                "detail.reliability",
                predicted=locale.percent(row["predicted"]),
                observed=locale.percent(row["observed"]),
                count=locale.number(row["count"]),
            ),
        }
        for row in summary.calibration.get("reliability") or ()
        if row.get("count") and row.get("predicted") is not None and row.get("observed") is not None
    ]
    if not values:
        return None
    square, ticks = alt.Scale(domain=[0, 1]), alt.Axis(tickCount=5)
    x = alt.X("predicted:Q", scale=square, title=locale("axis.predicted"), axis=ticks)
    y = alt.Y("observed:Q", scale=square, title=locale("axis.observed"), axis=ticks)
    ends = chart_of([{"predicted": 0, "observed": 0}, {"predicted": 1, "observed": 1}])
    points = chart_of(values).encode(x=x, y=y, **hover())
    size = alt.Size("count:Q", legend=None, scale=alt.Scale(range=[40, 400]))
    layers = alt.layer(
        ends.mark_line(color=style.muted, strokeDash=[4, 3]).encode(x=x, y=y),
        points.mark_line(color=style.negative),
        points.mark_point(color=style.negative, filled=True, opacity=0.9).encode(size=size),
    )
    return styled(layers, style)


def agreement(summary: RunSummary, locale: Locale, style: Style) -> AnyChart | None:
    """Returns the share of the top 10 that each two rankers have in common, the most similar first."""
    if not summary.agreement:
        return None
    values = [
        {"label": f"{one}, {other}", "share": share, "text": locale.percent(share)}
        for share, one, other in sorted(summary.agreement, key=lambda pair: -pair[0])
    ]
    values = [{**value, "detail": f"{value['label']}: {value['text']}"} for value in values]
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("share:Q", title=locale("axis.common"), scale=scale, axis=alt.Axis(format="%"))
    return styled(labelled_bars(values, x, row_labels(), style), style, height=30 * len(values) + 50)


def _rate_row(label: str, part: Mapping[str, Any], group: str, locale: Locale) -> dict[str, Any]:
    """Returns a row for `intervals` of a rate, with its interval where there is one."""
    rate = float(part["rate"])
    low, high = (rate if part.get(key) is None else float(part[key]) for key in ("low", "high"))
    return _row(label, (rate, low, high), group, locale.percent)


def _row(
    label: str, ends: tuple[float, float, float], group: str, written: Callable[[float], str]
) -> dict[str, Any]:
    """Returns a row for `intervals`: an estimate with the ends of its interval, in a group's colour."""
    rate, low, high = ends
    detail = f"{label}: {written(rate)} [{written(low)}, {written(high)}]"
    row = {"label": label, "rate": rate, "low": low, "high": high, "group": group}
    return {**row, "text": written(rate), "detail": detail}


def intervals(values: list[dict[str, Any]], axis: str, style: Style, rates: bool = True) -> AnyChart:
    """Returns one line an estimate, a dot with its interval; `rates` start at 0 and are in percent."""
    order = list(dict.fromkeys(value["label"] for value in values))
    groups = ["suspected", "negative"]
    scale = alt.Scale(domain=groups, range=[style.of(group) for group in groups])
    ticks = PERCENT if rates else alt.Axis(tickCount=4)
    base = chart_of(values).encode(
        y=row_labels(order), color=alt.Color("group:N", legend=None, scale=scale), **hover()
    )
    bars = base.mark_rule(strokeWidth=3, opacity=0.45, strokeCap="round").encode(
        x=alt.X("low:Q", title=axis, axis=ticks, scale=alt.Scale(zero=rates)), x2="high:Q"
    )
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(x="rate:Q")
    text = base.mark_text(dy=-9, fontSize=10).encode(x="rate:Q", text="text:N")
    return alt.layer(bars, dots, text)


def compared(
    summary: RunSummary, locale: Locale, style: Style, measure: str | None = None
) -> AnyChart | None:
    """Returns what the comparison that a run belongs to measured; see `measured`."""
    return measured(summary.comparison, locale, style, measure or MAIN)


def measures(rows: Rows) -> list[str]:
    """Returns the names of what was measured."""
    return list(dict.fromkeys(name for row in rows for name in row["measures"]))


def measured(rows: Rows, locale: Locale, style: Style, measure: str) -> AnyChart | None:
    """Returns the mean of one measure for each row, with its interval; None where it was not measured."""
    values = []
    for row in rows:
        if measure in row["measures"]:
            group = "suspected" if row.get("best") else "negative"
            values.append(_row(row["arm"], _ends(row["measures"][measure]), group, locale.decimal))
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
        values.append(_row(row["arm"], _ends(against["difference"]), group, locale.signed))
    return _drawn(values, locale("comparison.difference", first=first), style, rates=False)


def false_negatives(rows: Rows, locale: Locale, style: Style) -> AnyChart | None:
    """Returns each recipe's false-negative rate with its interval; None where none was estimated."""
    estimates = [(row["arm"], (row.get("mined") or {}).get("false_negatives") or {}) for row in rows]
    values = [
        _rate_row(arm, estimate, "negative", locale)
        for arm, estimate in estimates
        if estimate.get("rate") is not None
    ]
    return _drawn(values, locale("axis.rate"), style)


def _ends(estimate: Mapping[str, Any]) -> tuple[float, float, float]:
    return float(estimate["mean"]), float(estimate["low"]), float(estimate["high"])


def _drawn(values: list[dict[str, Any]], axis: str, style: Style, rates: bool = True) -> AnyChart | None:
    if not values:
        return None
    return styled(intervals(values, axis, style, rates), style, height=30 * len(values) + 50)
