"""What stands in which section of the report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from markupsafe import Markup

from hardneg.core.records import Collection
from hardneg.report import facts
from hardneg.report.duplicate_examples import examples_of
from hardneg.report.examples import LIMIT, cut, examples
from hardneg.report.figures import FIGURES, candidates, compared
from hardneg.report.figures.style import PAGE, AnyChart, Look, svg
from hardneg.report.gather import Findings
from hardneg.report.i18n import Words
from hardneg.report.page import render

_SECTIONS = {
    "funnel": ("funnel",),
    "scores": ("scores", "margins", "ranks"),
    "doubt": ("doubt", "margin_doubt", "reliability"),
    "audit": ("audit", "trade_off"),
    "rankers": ("agreement",),
    "checks": ("checks",),
    "compared": ("compared",),
}


def report(
    found: Findings, collection: Collection | None, words: Words, limit: int | None, look: Look = PAGE
) -> str:
    """Returns the report of a run as HTML."""
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in _SECTIONS}
    for name, chart in drawn(found, words, look):
        kind, _, part = name.partition(".")
        section = next(key for key, kinds in _SECTIONS.items() if kind in kinds)
        figures[section].append(_figure(kind, part, chart, found, words, name))
    shown = examples(found, collection, LIMIT if limit is None else limit)
    return render(
        "report.html",
        ("text.js", "frame.js", "browse.js"),
        ("page.css", "report.css"),
        words=words,
        run=found.run,
        title=words("page.title", name=found.run["collection"]["name"]),
        tiles=facts.tiles(found, words),
        findings=facts.findings(found, words),
        settings=facts.settings(found, words),
        recipe=yaml.safe_dump(found.run["recipe"], sort_keys=False, allow_unicode=True),
        stages=[(stage, words.decimal(seconds, 1)) for stage, seconds in found.run["seconds"].items()],
        reasons=facts.reasons(found, words),
        figures=figures,
        used=_used(found, collection),
        short=_short(found, collection, words),
        short_total=sum((found.run.get("short") or {}).values()),
        copies=facts.copies(found, words),
        checks=facts.checked(found, words),
        leaks=facts.leaks(found, words),
        alike=[
            (words.check(check.name, check.kind), words(f"check_means.{check.kind}"), examples)
            for check in found.checks
            for examples in [examples_of(check, collection)]
            if examples
        ],
        validators=[(name, words.number(count)) for name, count in found.evidence.items()],
        shown=shown["sampled"],
        data={"words": _script_words(words), "language": words.language, **shown},
    )


def drawn(found: Findings, words: Words, look: Look) -> Iterator[tuple[str, AnyChart]]:
    """Yields (name, chart) for every figure that has something to show, as `scores.bm25`."""
    look = look.speaking(words)
    for name, figure in FIGURES.items():
        if name == "scores":
            parts = [(f"scores.{r}", candidates.scores(found, words, look, r)) for r in found.rankers]
        elif name == "compared":
            names = compared.measures(found.compared)
            parts = [(f"compared.{m}", compared.compared(found, words, look, m)) for m in names]
        else:
            parts = [(name, figure(found, words, look))]
        yield from ((part, chart) for part, chart in parts if chart is not None)


def _figure(
    kind: str, part: str, chart: AnyChart, found: Findings, words: Words, name: str
) -> dict[str, Any]:
    plain = kind == "margins" and not candidates.margin_limits(found)
    return {
        "title": words(f"figure.{kind}", ranker=part, metric=part),
        "caption": words("caption.margins_plain" if plain else f"caption.{kind}"),
        "svg": Markup(svg(chart, re.sub(r"\W", "-", name))),  # Vega escapes what it writes
    }


def _used(found: Findings, collection: Collection | None) -> list[tuple[str, str, int]]:
    """Returns (doc_id, beginning of its text, uses) of the documents that are used more than once."""
    used = [(doc, count) for doc, count in found.most_used if count > 1]
    texts = [""] * len(used)
    if collection is not None and used:
        texts = collection.documents.texts(collection.documents.rows([doc for doc, _ in used]))
    return [(doc, cut(text, 120), count) for (doc, count), text in zip(used, texts, strict=True)]


def _short(found: Findings, collection: Collection | None, words: Words) -> list[tuple[str, str, str]]:
    """Returns (query_id, its text, reason) of the first short queries."""
    ids = [query for query, _, _ in found.short]
    texts = [""] * len(ids)
    if collection is not None and ids:
        texts = collection.queries.texts(collection.queries.rows(ids))
    rows = zip(found.short, texts, strict=True)
    return [(query, cut(text, 120), words.reason(why)) for (query, _, why), text in rows]


def _script_words(words: Words) -> dict[str, str]:
    """Returns the words that the page's script needs."""
    wanted = ("examples.", "reason.", "table.")
    return {key: text for key, text in words.all.items() if key.startswith(wanted)}
