"""What the checks for copies, shared sources, sister queries and leakage point at."""

from __future__ import annotations

import altair as alt

from hardneg.report.figures.style import AnyChart, Look, colours, finished, rows
from hardneg.report.gather import GROUPS, Findings
from hardneg.report.i18n import Words

_TWO_LINES = alt.Axis(labelExpr="split(datum.label, '\\n')", ticks=False, domain=False, labelPadding=8)
_ORDER = ("negative", "suspected", "dropped", "positive")


def checks(found: Findings, words: Words, look: Look) -> AnyChart | None:
    """Returns what became of the candidates that each check points at, as shares of them."""
    named = [
        (check, f"{words.check(check.name, check.kind)}\n{words.number(check.found)}")
        for check in found.checks
        if check.found
    ]
    if not named:
        return None
    values = [
        {
            "check": name,
            "group": words(f"group.{group}"),
            "share": check.of(group) / check.found,
            "place": place,
            "told": f"{name.splitlines()[0]}, {words(f'group.{group}')}: {words.number(check.of(group))}",
        }
        for check, name in named
        for place, group in enumerate(_ORDER)
        if check.of(group)
    ]
    groups = [group for group in GROUPS if any(check.of(group) for check, _ in named)]
    bars = (
        alt.Chart(rows(values))
        .mark_bar(height={"band": 0.6})
        .encode(
            x=alt.X("share:Q", title=words("axis.pointed_at"), axis=alt.Axis(tickCount=4, format="%")),
            y=alt.Y("check:N", title=None, sort=[name for _, name in named], axis=_TWO_LINES),
            color=colours(groups, [words(f"group.{group}") for group in groups], look),
            order="place:Q",
            description="told:N",
            tooltip=alt.Tooltip("told:N", title=""),
        )
    )
    return finished(bars, look, height=44 * len(named) + 90)
