"""What became of the candidates: the funnel, scores, margins and ranks."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from hardneg.report.figures.style import AnyChart, Look, colours, finished, line_at, rows
from hardneg.report.gather import GROUPS, Findings
from hardneg.report.i18n import Words
from hardneg.report.tally import Histogram

SUSPICION = "suspected-false-negative"
"""The rule that reads p(false negative)."""

_RANK_BINS = 20


def funnel(found: Findings, words: Words, look: Look) -> AnyChart | None:
    """Returns how many candidates each reason took away, and how many negatives are left."""
    steps = funnel_steps(found, words)
    if not steps:
        return None
    order = [step["label"] for step in steps]
    base = alt.Chart(rows(steps)).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8))
    )
    groups = [*GROUPS, "muted"]
    colour = alt.Color(
        "group:N", legend=None, scale=alt.Scale(domain=groups, range=[look.of(g) for g in groups])
    )
    bars = base.mark_bar(height={"band": 0.7}, cornerRadius=2).encode(
        x=alt.X("begin:Q", axis=None, scale=alt.Scale(nice=False)),
        x2="end:Q",
        color=colour,
        description="told:N",
        tooltip=alt.Tooltip("told:N", title=""),
    )
    right = base.transform_filter(alt.datum.side == "right").mark_text(align="left", dx=6)
    left = base.transform_filter(alt.datum.side == "left").mark_text(align="right", dx=-6)
    inside = base.transform_filter(alt.datum.side == "inside").mark_text(align="right", dx=-6, color="#fff")
    texts = [
        mark.encode(x=f"{at}:Q", text="count:N")
        for mark, at in ((right, "end"), (left, "begin"), (inside, "end"))
    ]
    return finished(alt.layer(bars, *texts), look, height=27 * len(steps))


def funnel_steps(found: Findings, words: Words) -> list[dict[str, Any]]:
    """Returns the funnel's bars from top to bottom: all candidates, what each reason took, what is left."""
    counts = found.run.get("counts") or {}
    total = left = int(counts.get("candidates", 0))
    if not total:
        return []
    steps = [("muted", words("funnel.candidates"), 0, total)]
    taken = [("positive", words("group.positive"), counts.get("positives", 0))]
    for reason, number in sorted((counts.get("dropped") or {}).items(), key=lambda item: -item[1]):
        group = "suspected" if reason.startswith("suspected") else "dropped"
        taken.append((group, words.reason(reason), number))
    for group, label, number in taken:
        steps.append((group, label, left - number, left))
        left -= number
    steps.append(("negative", words("group.negative"), 0, left))
    return [
        {
            "group": group,
            "label": label,
            "begin": begin,
            "end": end,
            "side": "right" if end < 0.65 * total else "inside" if begin < 0.1 * total else "left",
            "count": words.number(end - begin),
            "told": f"{label}: {words.number(end - begin)} ({words.percent((end - begin) / total)})",
        }
        for group, label, begin, end in steps
    ]


def scores(found: Findings, words: Words, look: Look, ranker: str | None = None) -> AnyChart | None:
    """Returns how the scores of one ranker are spread in each group, with the thresholds on them."""
    ranker = ranker or found.scorer
    histogram = found.scores.get(ranker)
    if histogram is None or not histogram.total:
        return None
    bars = spread(histogram, words, look, words("axis.score", ranker=ranker))
    limits = [
        (at, words(f"threshold.{kind}", at=words.figures(at))) for kind, at in score_limits(found, ranker)
    ]
    return finished(alt.layer(bars, line_at(limits, look)) if limits else bars, look)


def margins(found: Findings, words: Words, look: Look) -> AnyChart | None:
    """Returns how far below the weakest positive the candidates score, with the margin of the recipe."""
    if not found.margins.total:
        return None
    kind = "relative" if found.relative else "absolute"
    bars = spread(found.margins, words, look, words(f"axis.{kind}_margin", ranker=found.scorer), GROUPS[1:])
    limits = [(at, words("threshold.margin", at=words.figures(at))) for at in margin_limits(found)]
    zero = [(0.0, words("threshold.positive"))] if not limits else []
    return finished(alt.layer(bars, line_at(limits + zero, look)), look)


def ranks(found: Findings, words: Words, look: Look) -> AnyChart | None:
    """Returns at which ranks positives and negatives stand."""
    shown = [group for group in ("positive", "negative", "suspected") if found.ranks[group].any()]
    if not shown:
        return None
    size = _rank_bin(found)
    values = []
    for group in shown:
        whole = found.ranks[group].sum()
        parts = [found.ranks[group][i * size : (i + 1) * size].sum() for i in range(_RANK_BINS - 1)]
        parts.append(whole - sum(parts))
        for place, count in enumerate(parts):
            first, last = place * size + 1, (place + 1) * size
            label = f"{first}+" if place == _RANK_BINS - 1 else f"{first}–{last}" if size > 1 else f"{first}"
            values.append(_bar(words, group, label, place, int(count), count / whole))
    order = list(dict.fromkeys(value["label"] for value in values))
    labels = [words(f"group.{group}") for group in shown]
    bars = (
        alt.Chart(rows(values))
        .mark_bar()
        .encode(
            x=alt.X(
                "label:N",
                sort=order,
                title=words("axis.rank"),
                axis=alt.Axis(labelAngle=-40, labelOverlap=True),
            ),
            xOffset=alt.XOffset("group:N", sort=labels),
            y=alt.Y("share:Q", title=words("axis.share"), axis=alt.Axis(format="%", tickCount=4)),
            color=colours(shown, labels, look),
            description="told:N",
            tooltip=alt.Tooltip("told:N", title=""),
        )
    )
    return finished(bars, look)


def score_limits(found: Findings, ranker: str) -> list[tuple[str, float]]:
    """Returns (kind, score) of the thresholds that the recipe sets on a ranker's scores."""
    limits = []
    for name, settings in _rules(found):
        if (settings.get("by") or found.scorer) == ranker and name in ("max-score", "min-score"):
            limits.append((name.replace("-", "_"), float(next(v for k, v in settings.items() if k != "by"))))
    return limits


def margin_limits(found: Findings) -> list[float]:
    """Returns the margins that the recipe asks of the scorer, of the kind that `margins` shows."""
    wanted = "relative-margin" if found.relative else "absolute-margin"
    own = [rule for rule in _rules(found) if (rule[1].get("by") or found.scorer) == found.scorer]
    limits = [settings["margin"] for name, settings in own if name == wanted]
    if found.relative and not found.doubt.total:  # what stands in for a probability that is not known
        limits += [settings.get("otherwise") for name, settings in own if name == SUSPICION]
    return [float(limit) for limit in limits if limit is not None]


def doubt_limits(found: Findings) -> list[float]:
    """Returns the p(false negative) above which the recipe drops candidates."""
    return [float(settings["maximum"]) for name, settings in _rules(found) if name == SUSPICION]


def _rules(found: Findings) -> list[tuple[str, dict[str, Any]]]:
    return [next(iter(rule.items())) for rule in found.run["recipe"]["select"]["rules"]]


def spread(
    histogram: Histogram,
    words: Words,
    look: Look,
    axis: str,
    groups: tuple[str, ...] = GROUPS,
    logarithmic: bool = False,
) -> AnyChart:
    """Returns overlaid histograms, each group's bars adding up to one.

    Args:
        histogram: What is drawn.
        words: The language.
        look: The colours.
        axis: What the values are.
        groups: The groups that are drawn.
        logarithmic: The values are decimal logarithms of what the axis shows.
    """
    shares = {group: share for group, share in histogram.shares().items() if group in groups}
    edges = 10**histogram.edges if logarithmic else histogram.edges
    scale = alt.Scale(type="log") if logarithmic else alt.Scale(zero=False, nice=False)
    values = []
    for group in (g for g in ("dropped", "suspected", "negative", "positive") if g in shares):
        counts = histogram.counts[histogram.groups.index(group)]
        for place in np.flatnonzero(counts):
            low, high = float(edges[place]), float(edges[place + 1])
            bar = _bar(
                words,
                group,
                f"{words.figures(low, 3)}–{words.figures(high, 3)}",
                low,
                int(counts[place]),
                float(shares[group][place]),
            )
            values.append({**bar, "high": high})
    shown = [group for group in GROUPS if group in shares]
    chart: AnyChart = (
        alt.Chart(rows(values))
        .mark_bar(opacity=0.55, binSpacing=0)
        .encode(
            x=alt.X("low:Q", title=axis, scale=scale, axis=decades() if logarithmic else alt.Axis()),
            x2="high:Q",
            y=alt.Y("share:Q", stack=None, title=words("axis.share"), axis=alt.Axis(format="%", tickCount=4)),
            y2=alt.datum(0),
            color=colours(shown, [words(f"group.{group}") for group in shown], look),
            description="told:N",
            tooltip=alt.Tooltip("told:N", title=""),
        )
    )
    return chart


def decades() -> alt.Axis:
    """Returns an axis of probabilities by powers of ten."""
    return alt.Axis(values=[0.0001, 0.001, 0.01, 0.1, 1], format="~%", grid=True)


def _bar(words: Words, group: str, label: str, low: float, count: int, share: float) -> dict[str, Any]:
    name = words(f"group.{group}")
    told = f"{name}, {label}: {words.percent(share)} ({words.number(count)})"
    return {"group": name, "label": label, "low": low, "share": share, "told": told}


def _rank_bin(found: Findings) -> int:
    """Returns how many ranks one bar covers, so that nine in ten negatives lie in the bars shown."""
    counts = found.ranks["negative"]
    if not counts.sum():
        return 5
    deep = int(np.searchsorted(np.cumsum(counts), 0.9 * counts.sum())) + 1
    return next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000) if size * _RANK_BINS >= deep)
