"""How candidates moved between two runs."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from hardneg.report.figures.style import AnyChart, Look, finished, rows
from hardneg.report.i18n import Words

_SHOWN = 12


def moves(told: Sequence[tuple[str, str, int]], words: Words, look: Look) -> AnyChart | None:
    """Returns how many candidates went from one outcome to another, the commonest moves first.

    Args:
        told: (outcome in the first run, outcome in the second, candidates).
        words: The language.
        look: The colours.
    """
    if not told:
        return None
    values = [
        {"key": f"{one} → {other}", "count": count, "text": words.number(count)}
        for one, other, count in told[:_SHOWN]
    ]
    base = alt.Chart(rows(values)).encode(
        y=alt.Y(
            "key:N",
            sort=None,
            title=None,
            axis=alt.Axis(
                domain=False,
                ticks=False,
                labelPadding=8,
                labelLimit=190,
                labelExpr="split(replace(datum.label, ' → ', '#→ '), '#')",
            ),
        ),
        x=alt.X("count:Q", axis=None, scale=alt.Scale(domain=[0, 1.3 * told[0][2]])),
        description="key:N",
        tooltip=alt.Tooltip("text:N", title=""),
    )
    bars = base.mark_bar(color=look.negative, height={"band": 0.6}, cornerRadius=2)
    text = base.mark_text(align="left", dx=6).encode(text="text:N")
    return finished(alt.layer(bars, text), look, height=38 * len(values) + 10)
