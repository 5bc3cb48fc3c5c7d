"""How doubtful the negatives are, and how far the estimate of doubt can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np

from hardneg.report.figures.candidates import decades, doubt_limits, margin_limits, spread
from hardneg.report.figures.style import AnyChart, Look, finished, line_at, rows
from hardneg.report.gather import Findings
from hardneg.report.i18n import Words


def doubt(found: Findings, words: Words, look: Look) -> AnyChart | None:
    """Returns how p(false negative) is spread in each group, with the bound of the policy."""
    if not found.doubt.total:
        return None
    bars = spread(found.doubt, words, look, words("axis.p"), logarithmic=True)
    limits = [(at, words("threshold.bound", at=words.percent(at))) for at in doubt_limits(found)]
    return finished(alt.layer(bars, line_at(limits, look)) if limits else bars, look)


def margin_doubt(found: Findings, words: Words, look: Look) -> AnyChart | None:
    """Returns where candidates lie by margin and p(false negative): the darker, the more of them."""
    counts = found.margin_doubt.counts
    if not counts.any():
        return None
    x, y = found.margin_doubt.edges()
    y = 10**y
    values = [
        {
            "x": float(x[i]),
            "x2": float(x[i + 1]),
            "y": float(y[j]),
            "y2": float(y[j + 1]),
            "depth": float(np.log1p(counts[i, j])),
            "told": f"{words.decimal(x[i], 2)}–{words.decimal(x[i + 1], 2)}; "
            f"p {words.figures(y[j], 2)}–{words.figures(y[j + 1], 2)}: {words.number(int(counts[i, j]))}",
        }
        for i, j in np.argwhere(counts)
    ]
    kind = "relative" if found.relative else "absolute"
    cells = (
        alt.Chart(rows(values))
        .mark_rect(color=look.negative)
        .encode(
            x=alt.X(
                "x:Q",
                title=words(f"axis.{kind}_margin", ranker=found.scorer),
                scale=alt.Scale(nice=False),
            ),
            x2="x2:Q",
            y=alt.Y("y:Q", title=words("axis.p"), axis=decades(), scale=alt.Scale(type="log")),
            y2="y2:Q",
            opacity=alt.Opacity("depth:Q", legend=None, scale=alt.Scale(range=[0.08, 1])),
            description="told:N",
            tooltip=alt.Tooltip("told:N", title=""),
        )
    )
    layers = [cells]
    margins = [(at, words("threshold.margin", at=words.figures(at))) for at in margin_limits(found)]
    levels = [(at, words("threshold.bound", at=words.percent(at))) for at in doubt_limits(found)]
    if margins:
        layers.append(line_at(margins, look))
    if levels:
        layers.append(line_at(levels, look, "y"))
    return finished(alt.layer(*layers), look)


def reliability(found: Findings, words: Words, look: Look) -> AnyChart | None:
    """Returns the predicted p(false negative) against the observed share; on the diagonal it is right."""
    bins = [
        row
        for row in calibration(found).get("reliability") or ()
        if row.get("count") and row.get("predicted") is not None and row.get("observed") is not None
    ]
    if not bins:
        return None
    values = [
        {
            "predicted": row["predicted"],
            "observed": row["observed"],
            "count": row["count"],
            "told": words(
                "told.reliability",
                predicted=words.percent(row["predicted"]),
                observed=words.percent(row["observed"]),
                count=words.number(row["count"]),
            ),
        }
        for row in bins
    ]
    square = alt.Scale(domain=[0, 1])
    ends = rows([{"predicted": 0, "observed": 0}, {"predicted": 1, "observed": 1}])
    diagonal = alt.Chart(ends).mark_line(color=look.muted, strokeDash=[4, 3])
    points = alt.Chart(rows(values)).encode(
        description="told:N",
        tooltip=alt.Tooltip("told:N", title=""),
    )
    axes: dict[str, Any] = {
        "x": alt.X("predicted:Q", scale=square, title=words("axis.predicted"), axis=alt.Axis(tickCount=5)),
        "y": alt.Y("observed:Q", scale=square, title=words("axis.observed"), axis=alt.Axis(tickCount=5)),
    }
    size = alt.Size("count:Q", legend=None, scale=alt.Scale(range=[40, 400]))
    layers = alt.layer(
        diagonal.encode(**axes),
        points.mark_line(color=look.negative).encode(**axes),
        points.mark_point(color=look.negative, filled=True, opacity=0.9).encode(**axes, size=size),
    )
    return finished(layers, look)


def calibration(found: Findings) -> Mapping[str, Any]:
    """Returns what run.json says of the calibration of p(false negative), empty where it says nothing."""
    validation = found.run.get("validation") or {}
    return validation.get("calibration") or {}
