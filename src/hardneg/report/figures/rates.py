"""Rates with intervals: the audit, its trade-off, the agreement of rankers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from hardneg.report.figures.style import AnyChart, Look, finished, line_at, rows
from hardneg.report.gather import Findings
from hardneg.report.i18n import Words

_PARTS = 18
_APART = {"hardness": 0.1, "rate": 0.15}
"""Labels are apart that differ by one of these shares of the axes."""


def audit(found: Findings, words: Words, look: Look) -> AnyChart | None:
    """Returns the measured false-negative rate, as a whole and by ranker, rank and language."""
    if not found.audit or found.audit.get("rate") is None:
        return None
    values = [_rate(words, words("audit.all"), found.audit, "suspected")]
    for kind, parts in (found.audit.get("by") or {}).items():
        for name, part in list((parts or {}).items())[:_PARTS]:
            if part.get("rate") is not None:
                label = words.all.get(f"audit.{kind}", kind)
                values.append(_rate(words, f"{label}: {name}", part, "negative"))
    target = (found.audit.get("target") or {}).get("rate") if found.audit.get("target") else None
    limits = [(float(target), words("threshold.target", at=words.percent(target)))] if target else []
    chart = intervals(values, words("axis.rate"), look)
    return finished(
        alt.layer(chart, line_at(limits, look, above=True)) if limits else chart,
        look,
        height=30 * len(values) + 40,
    )


def trade_off(found: Findings, words: Words, look: Look) -> AnyChart | None:
    """Returns the false-negative rate against hardness at each threshold that the audit tried."""
    points = [
        point
        for point in (found.audit or {}).get("trade_off") or ()
        if point.get("rate") is not None and point.get("hardness") is not None
    ]
    if len(points) < 2:
        return None
    values = [
        {
            **{key: point.get(key) for key in ("rate", "low", "high", "hardness", "negatives")},
            "at": words.figures(point["threshold"]),
            "told": words(
                "told.trade_off",
                at=words.figures(point["threshold"]),
                rate=words.percent(point["rate"]),
                hardness=words.decimal(point["hardness"]),
                negatives=words.number(int(point.get("negatives") or 0)),
            ),
        }
        for point in points
    ]
    scale, axis = alt.Scale(zero=False, padding=18), alt.Axis(tickCount=5)
    x = alt.X("hardness:Q", title=words("axis.hardness"), scale=scale, axis=axis)
    base = alt.Chart(rows(_labelled(values))).encode(x=x)
    percent = alt.Axis(format="%", tickCount=5)
    band = base.mark_area(opacity=0.2, color=look.suspected).encode(
        y=alt.Y("low:Q", title=words("axis.rate"), axis=percent), y2="high:Q"
    )
    line = base.mark_line(color=look.suspected).encode(y="rate:Q")
    told = {"description": "told:N", "tooltip": alt.Tooltip("told:N", title="")}
    dots = base.mark_point(color=look.suspected, filled=True, size=45, opacity=1).encode(y="rate:Q", **told)
    text = base.mark_text(dy=-10, fontSize=10).encode(y="rate:Q", text="label:N")
    return finished(alt.layer(band, line, dots, text), look)


def _labelled(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the points by hardness, those far enough from the last label with a `label` of their own."""
    ordered = sorted(points, key=lambda point: point["hardness"])
    spans = {name: max(p[name] for p in ordered) - min(p[name] for p in ordered) for name in _APART}
    labelled: list[dict[str, Any]] = []
    for point in ordered:
        last = next((one for one in reversed(labelled) if one["label"]), None)
        apart = last is None or any(
            abs(point[name] - last[name]) > least * spans[name] for name, least in _APART.items()
        )
        labelled.append({**point, "label": point["at"] if apart else ""})
    return labelled


def agreement(found: Findings, words: Words, look: Look) -> AnyChart | None:
    """Returns the share of the top 10 that each two rankers have in common."""
    names = found.rankers
    pairs = [
        (f"{one}, {other}", float(found.agreement[i, j]))
        for i, one in enumerate(names)
        for j, other in enumerate(names)
        if i < j
    ]
    if not pairs:
        return None
    values = [
        {
            "label": label,
            "share": share,
            "text": words.percent(share),
            "told": f"{label}: {words.percent(share)}",
        }
        for label, share in sorted(pairs, key=lambda pair: -pair[1])
    ]
    base = alt.Chart(rows(values)).encode(
        x=alt.X(
            "share:Q", title=words("axis.common"), scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")
        ),
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8)),
    )
    bars = base.mark_bar(color=look.negative, height={"band": 0.6}, cornerRadius=2).encode(
        description="told:N", tooltip=alt.Tooltip("told:N", title="")
    )
    text = base.mark_text(align="left", dx=6).encode(text="text:N")
    return finished(alt.layer(bars, text), look, height=30 * len(values) + 50)


def _rate(words: Words, label: str, part: Mapping[str, Any], group: str) -> dict[str, Any]:
    rate = float(part["rate"])
    low, high = (rate if part.get(key) is None else float(part[key]) for key in ("low", "high"))
    told = f"{label}: {words.percent(rate)} [{words.percent(low)}, {words.percent(high)}]"
    return interval(label, (rate, low, high), group, words.percent(rate), told)


def interval(
    label: str, ends: tuple[float, float, float], group: str, text: str, told: str
) -> dict[str, Any]:
    """Returns a line for `intervals`: mean, low and high end, what is written beside it and told of it."""
    rate, low, high = ends
    return {
        "label": label,
        "rate": rate,
        "low": low,
        "high": high,
        "group": group,
        "text": text,
        "told": told,
    }


def intervals(
    values: list[dict[str, Any]], axis: str, look: Look, zero: bool = True, percent: bool = True
) -> AnyChart:
    """Returns one line an estimate: a dot with its interval."""
    order = list(dict.fromkeys(value["label"] for value in values))
    groups = ["suspected", "negative"]
    scale = alt.Scale(domain=groups, range=[look.of(group) for group in groups])
    form = alt.Axis(format="%", tickCount=4) if percent else alt.Axis(tickCount=4)
    base = alt.Chart(rows(values)).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8)),
        color=alt.Color("group:N", legend=None, scale=scale),
        description="told:N",
        tooltip=alt.Tooltip("told:N", title=""),
    )
    bars = base.mark_rule(strokeWidth=3, opacity=0.45, strokeCap="round").encode(
        x=alt.X("low:Q", title=axis, axis=form, scale=alt.Scale(zero=zero)), x2="high:Q"
    )
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(x="rate:Q")
    text = base.mark_text(dy=-9, fontSize=10).encode(x="rate:Q", text="text:N")
    return alt.layer(bars, dots, text)
