"""How figures look: one set of colours for pages that are light or dark, one for files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import altair as alt
import vl_convert

from hardneg.report.i18n import Words

WIDTH, HEIGHT = 340, 230
"""Of a whole figure with its labels, so that letters come out the same size in all of them."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart


@dataclass(frozen=True)
class Look:
    """The colours of a figure; the groups' are told apart without red and green."""

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
    """How D3 writes numbers on axes; empty for its own way."""

    def speaking(self, words: Words) -> Look:
        """Returns the look with numbers as the language writes them."""
        return replace(self, numbers=words.locale)

    def of(self, group: str) -> str:
        """Returns the colour of a group of candidates."""
        return str(getattr(self, group))


FILE = Look()
PAGE = Look(
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
"""Colours that the page decides on, by variables of its style sheet."""


def finished(chart: AnyChart, look: Look, width: int = WIDTH, height: int = HEIGHT) -> AnyChart:
    """Returns a chart with size, fonts and colours set."""
    fit = alt.AutoSizeParams(type="fit", contains="padding")
    sized = chart.properties(width=width, height=height, autosize=fit)
    styled: AnyChart = (
        sized.configure(background=look.background, font=look.font, padding=2, **_locale(look))
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=look.muted,
            titleColor=look.muted,
            gridColor=look.line,
            tickColor=look.line,
            domainColor=look.line,
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
            titlePadding=8,
            labelLimit=150,
        )
        .configure_legend(
            labelColor=look.ink,
            labelFontSize=11,
            title=None,
            orient="top",
            symbolType="square",
            offset=6,
            padding=0,
            labelLimit=220,
        )
        .configure_text(color=look.ink, fontSize=11)
    )
    return styled


def rows(values: Sequence[Any]) -> alt.InlineData:
    """Returns data for a chart."""
    return alt.InlineData(values=list(values))


def line_at(
    values: Sequence[tuple[float, str]], look: Look, axis: Literal["x", "y"] = "x", above: bool = False
) -> AnyChart:
    """Returns dashed lines with a label each, as for thresholds; `above` the plot if asked."""
    data = rows([{"at": at, "label": label} for at, label in values])
    place = {axis: alt.X("at:Q") if axis == "x" else alt.Y("at:Q")}
    line = alt.Chart(data).mark_rule(color=look.ink, strokeDash=[4, 3], strokeWidth=1.5)
    text = alt.Chart(data).mark_text(
        align="left" if axis == "x" else "right",
        dx=5 if axis == "x" else 0,
        dy=-7 if above or axis == "y" else 7,
        color=look.ink,
        fontWeight="bold",
    )
    edge = {"y": alt.value(0)} if axis == "x" else {"x": alt.value("width")}
    return alt.layer(
        line.encode(**place, description="label:N"), text.encode(**place, **edge, text="label:N")
    )


def colours(groups: Sequence[str], labels: Sequence[str], look: Look, title: str | None = None) -> alt.Color:
    """Returns the colour encoding of candidates' groups, in their order, with a legend."""
    scale = alt.Scale(domain=list(labels), range=[look.of(group) for group in groups])
    return alt.Color("group:N", scale=scale, title=title, legend=alt.Legend(columns=2))


def _locale(look: Look) -> dict[str, Any]:
    return {"locale": alt.Locale(number=alt.NumberLocale(**look.numbers))} if look.numbers else {}


def svg(chart: AnyChart, name: str = "") -> str:
    """Returns a chart as an SVG element; `name` keeps the ids in it apart from those of other charts."""
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version=_vega_lite())
    return re.sub(r'(\bid="|url\(#)', rf"\g<1>{name}-", drawn)


def save(chart: AnyChart, path: Path, suffix: str) -> None:
    """Writes a chart to a file, as `.svg` or `.png`."""
    if suffix == ".svg":
        path.write_text(svg(chart), encoding="utf-8")
    else:
        path.write_bytes(vl_convert.vegalite_to_png(chart.to_dict(), vl_version=_vega_lite(), scale=2))


def _vega_lite() -> str:
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
