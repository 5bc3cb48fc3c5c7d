"""The reports of a run and of a comparison as pages: which figures, tables and examples they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from hardneg.core.records import Collection
from hardneg.report import tables
from hardneg.report.checks import checkers, duplicate_examples
from hardneg.report.examples import LIMIT, examples, reasons_of
from hardneg.report.figures import FIGURES, candidates, rates
from hardneg.report.figures.style import PAGE_STYLE, AnyChart, Style, svg
from hardneg.report.findings import findings
from hardneg.report.i18n import Locale
from hardneg.report.page import render
from hardneg.report.reasons import Reasons
from hardneg.report.summary import RunSummary

_SECTIONS = {
    "funnel": ("funnel",),
    "scores": ("scores", "margins", "ranks"),
    "probabilities": ("probabilities", "margin_probabilities", "reliability"),
    "audit": ("audit", "trade_off"),
    "rankers": ("agreement",),
    "checks": ("checks",),
    "compared": ("compared",),
}
_COLUMNS = "arm ndcg interval seeds gain first best recall shared false_negatives hardness seconds".split()


def report_page(summary: RunSummary, collection: Collection | None, locale: Locale, limit: int | None) -> str:
    """Returns the report of a run as HTML."""
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in _SECTIONS}
    for name, chart in run_figures(summary, locale, PAGE_STYLE):
        kind, _, part = name.partition(".")
        section = next(key for key, kinds in _SECTIONS.items() if kind in kinds)
        caption = "margins_plain" if kind == "margins" and not summary.margin_limits else kind
        title = locale(f"figure.{kind}", ranker=part, metric=part)
        figures[section].append(_card(title, locale(f"caption.{caption}"), chart, name))
    shown = examples(summary, collection, LIMIT if limit is None else limit)
    return render(
        "report.html",
        ("text.js", "frame.js", "browse.js"),
        locale,
        run=summary.run,
        title=locale("page.title", name=summary.run["collection"]["name"]),
        tiles=tables.tiles(summary, locale),
        findings=findings(summary, locale),
        settings=tables.settings(summary, locale),
        quality=tables.quality(summary, locale),
        recipe=yaml.safe_dump(summary.run["recipe"], sort_keys=False, allow_unicode=True),
        stages=[(stage, locale.decimal(seconds, 1)) for stage, seconds in summary.run["seconds"].items()],
        reasons=tables.dropped(summary, locale),
        figures=figures,
        used=tables.most_used(summary, collection),
        relabelled=tables.relabelled(summary, locale),
        noisy=tables.noisy_positives(summary, collection, locale),
        short=tables.short_queries(summary, collection, locale),
        short_total=sum((summary.run.get("short") or {}).values()),
        copies=tables.copies(summary, locale),
        checks=tables.checks(summary, locale),
        checkers=checkers(),
        leaks=tables.leaks(summary, locale),
        duplicates=[
            (check.label(locale), check.meaning(locale), found)
            for check in summary.checks
            for found in [duplicate_examples(check, collection)]
            if found
        ],
        separation=tables.separation(summary, locale),
        validators=[(name, locale.number(count)) for name, count in summary.evidence.items()],
        data={
            "texts": locale.under("examples."),
            "language": locale.language,
            "reasons": Reasons(locale, summary.run).labels(reasons_of(shown["queries"])),
            "suspected": sorted(summary.suspected_reasons),
            **shown,
        },
    )


def run_figures(summary: RunSummary, locale: Locale, style: Style) -> Iterator[tuple[str, AnyChart]]:
    """Yields (name, chart) for every figure that has something to show, as `scores.bm25`."""
    style = style.localized(locale)
    for name, figure in FIGURES.items():
        charts = [(name, figure(summary, locale, style))]
        if name == "scores":
            scores = candidates.scores
            charts = [(f"scores.{r}", scores(summary, locale, style, r)) for r in summary.rankers]
        elif name == "compared":
            measures = rates.measures(summary.comparison)
            charts = [(f"compared.{m}", rates.compared(summary, locale, style, m)) for m in measures]
        yield from ((part, chart) for part, chart in charts if chart is not None)


def comparison_page(facts: Mapping[str, Any], locale: Locale) -> str:
    """Returns the page of a finished comparison."""
    rows, settings, collection = facts["rows"], facts["settings"], facts["collection"]
    best = next(row for row in rows if row["best"])
    figures = []
    for name, chart in comparison_figures(facts, locale, PAGE_STYLE):
        kind, _, measure = name.partition(".")
        title = locale(f"comparison.figure_{kind}", measure=measure)
        figures.append(_card(title, locale(f"comparison.caption_{kind}"), chart, name))
    return render(
        "comparison.html",
        ("text.js", "frame.js"),
        locale,
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


def comparison_figures(
    facts: Mapping[str, Any], locale: Locale, style: Style
) -> Iterator[tuple[str, AnyChart]]:
    """Yields (name, chart) for every figure that has something to show, as `measured.nDCG@10`."""
    rows = facts["rows"]
    charts = [(f"measured.{m}", rates.measured(rows, locale, style, m)) for m in rates.measures(rows)]
    charts.insert(1, (f"differences.{rates.MAIN}", rates.differences(rows, locale, style)))
    charts.append(("false_negatives", rates.false_negatives(rows, locale, style)))
    yield from ((name, chart) for name, chart in charts if chart is not None)


def _card(title: str, caption: str, chart: AnyChart, name: str) -> dict[str, Any]:
    return {"title": title, "caption": caption, "svg": svg(chart, name)}


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
