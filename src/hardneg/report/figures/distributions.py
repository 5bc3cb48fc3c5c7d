"""How scores, margins and probabilities are distributed, with the thresholds that the recipe sets on them."""

from __future__ import annotations

import altair as alt
import numpy as np

from hardneg.report.columns import GROUPS
from hardneg.report.figures.style import (
    PERCENT,
    AnyChart,
    Style,
    chart_of,
    group_colours,
    hover,
    styled,
    with_lines,
)
from hardneg.report.histograms import Histogram
from hardneg.report.i18n import Locale
from hardneg.report.summary import RunSummary
from hardneg.report.thresholds import margin_limits, probability_limits, score_limits

_LOG_AXIS = alt.Axis(values=[0.0001, 0.001, 0.01, 0.1, 1], format="~%", grid=True)


def scores(summary: RunSummary, locale: Locale, style: Style, ranker: str | None = None) -> AnyChart | None:
    """Returns the distribution of one ranker's scores in each group, with the thresholds on them."""
    ranker = ranker or summary.scorer
    histogram = summary.scores.get(ranker)
    if histogram is None or not histogram.total:
        return None
    bars = distribution(histogram, locale, style, locale("axis.score", ranker=ranker))
    return styled(with_lines(bars, score_limits(summary, ranker, locale), style), style)


def margins(summary: RunSummary, locale: Locale, style: Style) -> AnyChart | None:
    """Returns how far below the weakest positive the candidates score, with the margin of the recipe."""
    if not summary.margins.total:
        return None
    bars = distribution(summary.margins, locale, style, _margin_title(summary, locale), GROUPS[1:])
    zero = [(0.0, locale("threshold.positive"))]
    return styled(with_lines(bars, _margin_lines(summary, locale) or zero, style), style)


def probabilities(summary: RunSummary, locale: Locale, style: Style) -> AnyChart | None:
    """Returns the distribution of p(false negative) in each group, with the highest that the recipe keeps."""
    if not summary.probabilities.total:
        return None
    bars = distribution(summary.probabilities, locale, style, locale("axis.p"), logarithmic=True)
    return styled(with_lines(bars, _probability_lines(summary, locale), style), style)


def margins_and_probabilities(summary: RunSummary, locale: Locale, style: Style) -> AnyChart | None:
    """Returns the candidates by margin and p(false negative): the darker, the more of them."""
    counts = summary.margin_probabilities.counts
    if not counts.any():
        return None
    x, y = summary.margin_probabilities.edges()
    y = 10**y
    values = [
        {
            "x": float(x[i]),
            "x2": float(x[i + 1]),
            "y": float(y[j]),
            "y2": float(y[j + 1]),
            "depth": float(np.log1p(counts[i, j])),
            "detail": f"{locale.decimal(x[i], 2)}–{locale.decimal(x[i + 1], 2)}; p {locale.figures(y[j], 2)}–"
            f"{locale.figures(y[j + 1], 2)}: {locale.number(int(counts[i, j]))}",
        }
        for i, j in np.argwhere(counts)
    ]
    cells = (
        chart_of(values)
        .mark_rect(color=style.negative)
        .encode(
            x=alt.X("x:Q", title=_margin_title(summary, locale), scale=alt.Scale(nice=False)),
            x2="x2:Q",
            y=alt.Y("y:Q", title=locale("axis.p"), axis=_LOG_AXIS, scale=alt.Scale(type="log")),
            y2="y2:Q",
            opacity=alt.Opacity("depth:Q", legend=None, scale=alt.Scale(range=[0.08, 1])),
            **hover(),
        )
    )
    with_margins = with_lines(cells, _margin_lines(summary, locale), style)
    return styled(with_lines(with_margins, _probability_lines(summary, locale), style, "y"), style)


def distribution(
    histogram: Histogram,
    locale: Locale,
    style: Style,
    axis: str,
    groups: tuple[str, ...] = GROUPS,
    logarithmic: bool = False,
) -> AnyChart:
    """Returns overlaid histograms; the bars of each group add up to 100 %.

    Args:
        histogram: What is drawn.
        locale: The language.
        style: The colours.
        axis: The title of the x axis.
        groups: The groups that are drawn.
        logarithmic: The values are decimal logarithms of what the axis shows.
    """
    shares = {group: share for group, share in histogram.shares().items() if group in groups}
    edges = 10**histogram.edges if logarithmic else histogram.edges
    values = []
    for group in (g for g in ("dropped", "suspected", "negative", "positive") if g in shares):
        counts, name = histogram.counts[histogram.groups.index(group)], locale(f"group.{group}")
        for place in np.flatnonzero(counts):
            low, high, share = float(edges[place]), float(edges[place + 1]), float(shares[group][place])
            label = f"{name}, {locale.figures(low, 3)}–{locale.figures(high, 3)}"
            detail = f"{label}: {locale.percent(share)} ({locale.number(int(counts[place]))})"
            values.append({"group": name, "low": low, "high": high, "share": share, "detail": detail})
    scale = alt.Scale(type="log") if logarithmic else alt.Scale(zero=False, nice=False)
    chart: AnyChart = (
        chart_of(values)
        .mark_bar(opacity=0.55, binSpacing=0)
        .encode(
            x=alt.X("low:Q", title=axis, scale=scale, axis=_LOG_AXIS if logarithmic else alt.Axis()),
            x2="high:Q",
            y=alt.Y("share:Q", stack=None, title=locale("axis.share"), axis=PERCENT),
            y2=alt.datum(0),
            color=group_colours([group for group in GROUPS if group in shares], locale, style),
            **hover(),
        )
    )
    return chart


def _margin_title(summary: RunSummary, locale: Locale) -> str:
    kind = "relative" if summary.relative else "absolute"
    return locale(f"axis.{kind}_margin", ranker=summary.scorer)


def _margin_lines(summary: RunSummary, locale: Locale) -> list[tuple[float, str]]:
    return [(at, locale("threshold.margin", at=locale.figures(at))) for at in margin_limits(summary)]


def _probability_lines(summary: RunSummary, locale: Locale) -> list[tuple[float, str]]:
    return [(at, locale("threshold.maximum", at=locale.percent(at))) for at in probability_limits(summary)]
