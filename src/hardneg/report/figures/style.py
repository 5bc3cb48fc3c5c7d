"""How figures look: one set of colours for pages that are light or dark, one for files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import altair as alt
from markupsafe import Markup

from hardneg.report.figures.vega import draw
from hardneg.report.i18n import Locale

WIDTH, HEIGHT = 340, 230
"""Pixels of a whole figure with its labels, so that letters have the same size in all of them."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
ROOM = 1.25
"""How much larger than drawn letters are laid out: the reader's font may be wider than vl-convert's."""
_PADDING = {"left": 2, "top": 2, "right": 14, "bottom": 2}
_SIZES = ("fontSize", "labelFontSize", "titleFontSize", "labelLimit")
PERCENT = alt.Axis(format="%", tickCount=4)

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart


@dataclass(frozen=True)
class Style:
    """The colours of a figure; those of the groups differ without red and green."""

    ink: str = "#1c2430"
    muted: str = "#5d6878"
    line: str = "#dfe4ea"
    positive: str = "#009e73"
    negative: str = "#0072b2"
    suspected: str = "#d55e00"
    dropped: str = "#8b94a1"
    background: str = "#ffffff"
    font: str = "sans-serif"
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def localized(self, locale: Locale) -> Style:
        """Returns the style with the number format of the language."""
        return replace(self, numbers=locale.d3_numbers)

    def of(self, group: str) -> str:
        """Returns the colour of a group of candidates."""
        return str(getattr(self, group))


FILE_STYLE = Style()
PAGE_STYLE = Style(
    ink="var(--ink)",
    muted="var(--muted)",
    line="var(--line)",
    positive="var(--positive)",
    negative="var(--negative)",
    suspected="var(--suspected)",
    dropped="var(--dropped)",
    background="transparent",
    font=FONT,
)
"""Colours are variables of the page's style sheet."""


def styled(chart: AnyChart, style: Style, width: int = WIDTH, height: int = HEIGHT) -> AnyChart:
    """Returns the chart with size, fonts and colours set."""
    locale = alt.Locale(number=alt.NumberLocale(**style.numbers)) if style.numbers else alt.Undefined
    fit = alt.AutoSizeParams(type="fit", contains="padding")
    sized = chart.properties(width=width, height=height, autosize=fit)
    configured: AnyChart = (
        sized.configure(background=style.background, font=style.font, padding=_PADDING, locale=locale)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=style.muted,
            titleColor=style.muted,
            gridColor=style.line,
            tickColor=style.line,
            domainColor=style.line,
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
            titlePadding=8,
            labelLimit=150,
        )
        .configure_legend(
            labelColor=style.ink,
            labelFontSize=11,
            title=None,
            orient="top",
            symbolType="square",
            offset=6,
            padding=0,
            labelLimit=220,
        )
        .configure_text(color=style.ink, fontSize=11)
    )
    return configured


def chart_of(values: Sequence[Any]) -> alt.Chart:
    """Returns a chart of the values, without marks; each value has its hover text as `detail`."""
    return alt.Chart(alt.InlineData(values=list(values)))


def hover() -> dict[str, Any]:
    """Returns the encodings that show `detail` under the pointer, and to screen readers."""
    return {"description": "detail:N", "tooltip": alt.Tooltip("detail:N", title="")}


def row_labels(order: list[str] | None = None, **axis: Any) -> alt.Y:
    """Returns the y axis of a chart with one row a label, in the order of the values unless given."""
    plain = alt.Axis(domain=False, ticks=False, labelPadding=8, **axis)
    return alt.Y("label:N", sort=order, title=None, axis=plain)


def labelled_bars(values: Sequence[Any], x: alt.X, y: alt.Y, style: Style) -> AnyChart:
    """Returns horizontal bars with their `text` at the end."""
    base = chart_of(values).encode(x=x, y=y)
    bars = base.mark_bar(color=style.negative, height={"band": 0.6}, cornerRadius=2).encode(**hover())
    return alt.layer(bars, base.mark_text(align="left", dx=6).encode(text="text:N"))


def with_lines(
    chart: AnyChart,
    values: Sequence[tuple[float, str]],
    style: Style,
    axis: Literal["x", "y"] = "x",
    above: bool = False,
) -> AnyChart:
    """Returns the chart with a dashed, labelled line at each value, as for thresholds."""
    if not values:
        return chart
    base = chart_of([{"at": at, "label": label} for at, label in values])
    place = {axis: alt.X("at:Q") if axis == "x" else alt.Y("at:Q")}
    edge = {"y": alt.value(0)} if axis == "x" else {"x": alt.value("width")}
    line = base.mark_rule(color=style.ink, strokeDash=[4, 3], strokeWidth=1.5)
    text = base.mark_text(
        align=_by_place("'right' : 'left'") if axis == "x" else "right",
        dx=_by_place("-5 : 5") if axis == "x" else 0,
        dy=alt.ExprRef("scale('y', datum.at) < 16 ? 8 : -7") if axis == "y" else -7 if above else 7,
        color=style.ink,
        fontWeight="bold",
    )
    lines = line.encode(**place, description="label:N"), text.encode(**place, **edge, text="label:N")
    return alt.layer(chart, *lines)


def _by_place(values: str) -> alt.ExprRef:
    """Returns the first of two values right of the middle of the x axis, where a label goes to the left."""
    return alt.ExprRef(f"scale('x', datum.at) > width / 2 ? {values}")


def group_colours(groups: Sequence[str], locale: Locale, style: Style) -> alt.Color:
    """Returns the colour encoding of candidates' groups, in their order, with a legend."""
    labels = [locale(f"group.{group}") for group in groups]
    scale = alt.Scale(domain=labels, range=[style.of(group) for group in groups])
    return alt.Color("group:N", scale=scale, title=None, legend=alt.Legend(columns=2))


def svg(chart: AnyChart, name: str = "") -> Markup:
    """Returns a chart as an SVG element, its texts escaped; `name` keeps its ids apart from other charts'."""
    drawn = _drawn(chart)
    prefix = re.sub(r"\W", "-", name)
    return Markup(re.sub(r'(\bid="|url\(#)', rf"\g<1>{prefix}-", drawn))


def save(chart: AnyChart, path: Path, suffix: str) -> None:
    """Writes a chart to a file, as `.svg` or `.png`."""
    if suffix == ".svg":
        path.write_text(_drawn(chart), encoding="utf-8")
    else:
        path.write_bytes(draw(chart.to_dict(), _vega_lite(), suffix))


def _drawn(chart: AnyChart) -> str:
    """Returns a chart as SVG, with room for letters in any font."""
    drawn = draw(_wider(chart.to_dict()), _vega_lite(), ".svg").decode()
    return re.sub(r'font-size="([\d.]+)px"', lambda size: f'font-size="{float(size[1]) / ROOM:.4g}px"', drawn)


def _wider(spec: Any) -> Any:
    """Returns a chart's specification with larger letters, which take more room."""
    if isinstance(spec, list):
        return [_wider(each) for each in spec]
    if not isinstance(spec, dict):
        return spec
    return {
        key: value * ROOM if key in _SIZES and isinstance(value, int | float) else _wider(value)
        for key, value in spec.items()
    }


def _vega_lite() -> str:
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
