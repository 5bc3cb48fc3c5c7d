"""The report of a run as a page: which figures, tables and examples it has."""

from __future__ import annotations

from collections.abc import Iterator
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
    "doubt": ("doubt", "margin_doubt", "reliability"),
    "audit": ("audit", "trade_off"),
    "rankers": ("agreement",),
    "checks": ("checks",),
    "compared": ("compared",),
}


def report_page(summary: RunSummary, collection: Collection | None, locale: Locale, limit: int | None) -> str:
    """Returns the report of a run as HTML."""
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in _SECTIONS}
    for name, chart in drawn(summary, locale, PAGE_STYLE):
        kind, _, part = name.partition(".")
        section = next(key for key, kinds in _SECTIONS.items() if kind in kinds)
        caption = "margins_plain" if kind == "margins" and not summary.margin_limits else kind
        figures[section].append(
            {
                "title": locale(f"figure.{kind}", ranker=part, metric=part),
                "caption": locale(f"caption.{caption}"),
                "svg": svg(chart, name),
            }
        )
    shown = examples(summary, collection, LIMIT if limit is None else limit)
    return render(
        "report.html",
        ("text.js", "frame.js", "browse.js"),
        ("page.css", "report.css"),
        locale=locale,
        run=summary.run,
        title=locale("page.title", name=summary.run["collection"]["name"]),
        tiles=tables.tiles(summary, locale),
        findings=findings(summary, locale),
        settings=tables.settings(summary, locale),
        recipe=yaml.safe_dump(summary.run["recipe"], sort_keys=False, allow_unicode=True),
        stages=[(stage, locale.decimal(seconds, 1)) for stage, seconds in summary.run["seconds"].items()],
        reasons=tables.dropped(summary, locale),
        figures=figures,
        used=tables.most_used(summary, collection),
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
        validators=[(name, locale.number(count)) for name, count in summary.evidence.items()],
        data={
            "texts": locale.under("examples."),
            "language": locale.language,
            "reasons": Reasons(locale, summary.run).labels(reasons_of(shown["queries"])),
            "suspected": sorted(summary.suspected_reasons),
            **shown,
        },
    )


def drawn(summary: RunSummary, locale: Locale, style: Style) -> Iterator[tuple[str, AnyChart]]:
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
