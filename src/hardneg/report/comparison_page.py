"""The report of a comparison: which recipe trains the best student, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hardneg.report.figures import rates
from hardneg.report.figures.style import PAGE_STYLE, AnyChart, Style, svg
from hardneg.report.i18n import Locale
from hardneg.report.page import render

_COLUMNS = "arm ndcg interval seeds gain first best recall shared false_negatives hardness seconds".split()


def comparison_page(facts: Mapping[str, Any], locale: Locale) -> str:
    """Returns the page of a finished comparison."""
    rows, settings, collection = facts["rows"], facts["settings"], facts["collection"]
    best = next(row for row in rows if row["best"])
    figures = [
        {
            "title": locale(f"comparison.figure_{kind}", measure=part),
            "caption": locale(f"comparison.caption_{kind}"),
            "svg": svg(chart, f"{kind}-{part}"),
        }
        for kind, part, chart in drawn(facts, locale, PAGE_STYLE)
    ]
    return render(
        "comparison.html",
        ("text.js", "frame.js"),
        ("page.css", "report.css"),
        locale=locale,
        title=locale("comparison.title", name=collection["name"]),
        tiles=[
            (best["arm"], locale("comparison.tile_best"), ""),
            (locale.signed(best["gain"], 4), locale("comparison.tile_gain"), ""),
            (locale.number(collection["queries"]), locale("comparison.tile_training"), ""),
            (locale.number(collection["test"]["queries"]), locale("comparison.tile_test"), ""),
            (locale.number(settings["seeds"]), locale("comparison.tile_seeds"), ""),
        ],
        figures=figures,
        heads=[locale(f"comparison.column_{name}") for name in _COLUMNS],
        rows=[_cells(row, locale) for row in rows],
        student=settings["train"]["student"],
        data={"language": locale.language},
    )


def drawn(facts: Mapping[str, Any], locale: Locale, style: Style) -> Iterator[tuple[str, str, AnyChart]]:
    """Yields (kind, measure, chart) for every figure that has something to show."""
    rows = facts["rows"]
    charts = [
        ("measured", measure, rates.measured(rows, locale, style, measure))
        for measure in rates.measures(rows)
    ]
    charts.insert(1, ("differences", rates.MAIN, rates.differences(rows, locale, style)))
    charts.append(("false_negatives", "", rates.false_negatives(rows, locale, style)))
    yield from ((kind, part, chart) for kind, part, chart in charts if chart is not None)


def _cells(row: Mapping[str, Any], locale: Locale) -> list[str]:
    main, mined = row["measures"][rates.MAIN], row["mined"] or {}
    rate = (mined.get("false_negatives") or {}).get("rate")
    hardness = (mined.get("hardness") or {}).get("score")
    return [
        row["arm"],
        locale.decimal(main["mean"], 4),
        f"{locale.decimal(main['low'])}–{locale.decimal(main['high'])}",
        "" if row["spread"] is None else f"±{locale.decimal(row['spread'], 4)}",
        locale.signed(row["gain"], 4),
        _difference(row["against_first"], locale),
        _difference(row["against_best"], locale),
        locale.decimal(row["measures"]["recall@100"]["mean"], 4),
        "" if mined.get("shared_with_first") is None else locale.percent(mined["shared_with_first"]),
        "" if rate is None else locale.percent(rate),
        "" if hardness is None else locale.decimal(hardness),
        locale.number(round(row["seconds"]["train"])),
    ]


def _difference(against: Mapping[str, Any] | None, locale: Locale) -> str:
    if against is None:
        return ""
    mark = "*" if against["p_holm"] < 0.05 else ""
    p_value = locale.decimal(against["p_randomisation"])
    return f"{locale.signed(against['difference']['mean'], 4)}{mark} (p {p_value})"
