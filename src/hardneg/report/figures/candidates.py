"""What became of the candidates: reasons, ranks, scores, margins, probabilities, what another run decides."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import altair as alt
import numpy as np

from hardneg.report.columns import GROUPS, Histogram
from hardneg.report.figures.style import (
    PERCENT,
    AnyChart,
    Style,
    chart_of,
    group_colours,
    hover,
    labelled_bars,
    row_labels,
    styled,
    with_lines,
)
from hardneg.report.i18n import Locale
from hardneg.report.reasons import Reasons
from hardneg.report.summary import RunSummary

_RANK_BINS = 20
_TITLE = 42
"""Characters in one line of an axis' title."""
_MOVES_SHOWN = 12
_CHECK_ORDER = ("negative", "suspected", "dropped", "positive")
_LOG_AXIS = alt.Axis(values=[0.0001, 0.001, 0.01, 0.1, 1], format="~%", grid=True)


def funnel(summary: RunSummary, locale: Locale, style: Style) -> AnyChart | None:
    """Returns how many candidates each reason took away, and how many negatives are left."""
    steps = funnel_steps(summary, locale)
    if not steps:
        return None
    base = chart_of(steps).encode(y=row_labels([step["label"] for step in steps]))
    groups = [*GROUPS, "muted"]
    scale = alt.Scale(domain=groups, range=[style.of(group) for group in groups])
    bars = base.mark_bar(height={"band": 0.7}, cornerRadius=2).encode(
        x=alt.X("begin:Q", axis=None, scale=alt.Scale(nice=False)),
        x2="end:Q",
        color=alt.Color("group:N", legend=None, scale=scale),
        **hover(),
    )
    right = base.transform_filter(alt.datum.side == "right").mark_text(align="left", dx=6)
    left = base.transform_filter(alt.datum.side == "left").mark_text(align="right", dx=-6)
    inside = base.transform_filter(alt.datum.side == "inside").mark_text(align="right", dx=-6, color="#fff")
    texts = [
        mark.encode(x=f"{at}:Q", text="count:N")
        for mark, at in ((right, "end"), (left, "begin"), (inside, "end"))
    ]
    return styled(alt.layer(bars, *texts), style, height=27 * len(steps))


def funnel_steps(summary: RunSummary, locale: Locale) -> list[dict[str, Any]]:
    """Returns the funnel's bars from top to bottom: all candidates, what each reason took, what is left."""
    counts, reasons = summary.run.get("counts") or {}, Reasons(locale, summary.run)
    total = left = int(counts.get("candidates", 0))
    if not total:
        return []
    steps = [("muted", locale("funnel.candidates"), 0, total)]
    taken = [("positive", locale("group.positive"), counts.get("positives", 0))]
    for reason, number in sorted((counts.get("dropped") or {}).items(), key=lambda item: -item[1]):
        group = "suspected" if reason in summary.suspected_reasons else "dropped"
        taken.append((group, reasons.label(reason), number))
    for group, label, number in taken:
        steps.append((group, label, left - number, left))
        left -= number
    steps.append(("negative", locale("group.negative"), 0, left))
    return [
        {
            "group": group,
            "label": label,
            "begin": begin,
            "end": end,
            "side": "right" if end < 0.65 * total else "inside" if begin < 0.1 * total else "left",
            "count": locale.number(end - begin),
            "detail": f"{label}: {locale.number(end - begin)} ({locale.percent((end - begin) / total)})",
        }
        for group, label, begin, end in steps
    ]


def ranks(summary: RunSummary, locale: Locale, style: Style) -> AnyChart | None:
    """Returns at which ranks positives, negatives and suspected false negatives are."""
    shown = [group for group in ("positive", "negative", "suspected") if summary.ranks[group].any()]
    if not shown:
        return None
    size = _rank_bin(summary)
    values = []
    for group in shown:
        counts, name = summary.ranks[group], locale(f"group.{group}")
        bins = [int(counts[i * size : (i + 1) * size].sum()) for i in range(_RANK_BINS - 1)]
        for place, count in enumerate([*bins, int(counts.sum()) - sum(bins)]):
            first, last = place * size + 1, (place + 1) * size
            label = f"{first}+" if place == _RANK_BINS - 1 else f"{first}–{last}" if size > 1 else f"{first}"
            share = float(count / counts.sum())
            detail = f"{name}, {label}: {locale.percent(share)} ({locale.number(count)})"
            values.append({"group": name, "label": label, "share": share, "detail": detail})
    axis = alt.Axis(labelAngle=-40, labelOverlap=True)
    order = list(dict.fromkeys(str(value["label"]) for value in values))
    bars = (
        chart_of(values)
        .mark_bar()
        .encode(
            x=alt.X("label:N", sort=order, title=locale("axis.rank"), axis=axis),
            xOffset=alt.XOffset("group:N", sort=[locale(f"group.{group}") for group in shown]),
            y=alt.Y("share:Q", title=locale("axis.share"), axis=PERCENT),
            color=group_colours(shown, locale, style),
            **hover(),
        )
    )
    return styled(bars, style)


def _rank_bin(summary: RunSummary) -> int:
    """Returns how many ranks one bar covers, so that 90 % of the negatives are in the bars shown."""
    counts = summary.ranks["negative"]
    if not counts.sum():
        return 5
    depth = int(np.searchsorted(np.cumsum(counts), 0.9 * counts.sum())) + 1
    return next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000) if size * _RANK_BINS >= depth)


def checks(summary: RunSummary, locale: Locale, style: Style) -> AnyChart | None:
    """Returns what became of the candidates that each check found, as shares of them."""
    named = [
        (check, f"{check.label(locale)}\n{locale.number(check.found)}")
        for check in summary.checks
        if check.found
    ]
    if not named:
        return None
    values = [
        {
            "label": name,
            "group": locale(f"group.{group}"),
            "share": check.of(group) / check.found,
            "place": place,
            "detail": f"{name.splitlines()[0]}, {locale(f'group.{group}')}: {locale.number(check.of(group))}",
        }
        for check, name in named
        for place, group in enumerate(_CHECK_ORDER)
        if check.of(group)
    ]
    groups = [group for group in GROUPS if any(check.of(group) for check, _ in named)]
    bars = (
        chart_of(values)
        .mark_bar(height={"band": 0.6})
        .encode(
            x=alt.X("share:Q", title=locale("axis.share_found"), axis=PERCENT),
            y=row_labels([name for _, name in named], labelExpr="split(datum.label, '\\n')"),
            color=group_colours(groups, locale, style),
            order="place:Q",
            **hover(),
        )
    )
    return styled(bars, style, height=44 * len(named) + 90)


def moves(counts: Sequence[tuple[str, str, int]], locale: Locale, style: Style) -> AnyChart | None:
    """Returns how many candidates went from one outcome to another, the commonest moves first."""
    if not counts:
        return None
    values = [
        {"label": f"{one} → {other}", "count": count, "text": locale.number(count)}
        for one, other, count in counts[:_MOVES_SHOWN]
    ]
    values = [{**value, "detail": f"{value['label']}: {value['text']}"} for value in values]
    x = alt.X("count:Q", axis=None, scale=alt.Scale(domain=[0, 1.3 * counts[0][2]]))
    y = row_labels(labelLimit=190, labelExpr="split(replace(datum.label, ' → ', '#→ '), '#')")
    return styled(labelled_bars(values, x, y, style), style, height=38 * len(values) + 10)


def scores(summary: RunSummary, locale: Locale, style: Style, ranker: str | None = None) -> AnyChart | None:
    """Returns the distribution of one ranker's scores in each group, with the thresholds on them."""
    ranker = ranker or summary.scorer
    histogram = summary.scores.get(ranker)
    if histogram is None or not histogram.total:
        return None
    bars = distribution(histogram, locale, style, locale("axis.score", ranker=ranker))
    return styled(with_lines(bars, _score_lines(summary, ranker, locale), style), style)


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
    axis: str | list[str],
    groups: tuple[str, ...] = GROUPS,
    logarithmic: bool = False,
) -> AnyChart:
    """Returns overlaid histograms, of logarithms if so; the bars of each group add up to 100 %."""
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


def _score_lines(summary: RunSummary, ranker: str, locale: Locale) -> list[tuple[float, str]]:
    lines = []
    for setting, score in summary.score_limits(ranker):
        key = f"threshold.{setting}" if f"threshold.{setting}" in locale.texts else "threshold.other"
        lines.append((score, locale(key, name=setting, at=locale.figures(score))))
    return lines


def _margin_title(summary: RunSummary, locale: Locale) -> list[str]:
    kind = "relative" if summary.relative else "absolute"
    return wrap(locale(f"axis.{kind}_margin", ranker=summary.scorer), _TITLE)


def _margin_lines(summary: RunSummary, locale: Locale) -> list[tuple[float, str]]:
    return [(at, locale("threshold.margin", at=locale.figures(at))) for at in summary.margin_limits]


def _probability_lines(summary: RunSummary, locale: Locale) -> list[tuple[float, str]]:
    return [(at, locale("threshold.maximum", at=locale.percent(at))) for at in summary.probability_limits]
