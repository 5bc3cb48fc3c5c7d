"""The report of a mixture as a page, from what its `mix.json` holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from hardneg.exporters.weights import format_name
from hardneg.report.figures import mixtures
from hardneg.report.figures.style import PAGE_STYLE, AnyChart, Style, svg
from hardneg.report.findings import Finding
from hardneg.report.i18n import TEXT, Locale, cut
from hardneg.report.page import render

Facts = Mapping[str, Any]

_MANY = 0.1
"""A rate of false negatives above this needs attention."""
_OFTEN = 4
"""Rows that occur more often than this on average need attention."""


def mixture_page(facts: Facts, locale: Locale) -> str:
    """Returns the page of a finished mixture."""
    figures = [
        {
            "title": locale(f"mixture.figure_{name}"),
            "caption": locale(f"mixture.caption_{name}"),
            "svg": svg(chart, name),
        }
        for name, chart in mixture_figures(facts, locale, PAGE_STYLE)
    ]
    batches, parts = facts["batches"], facts["parts"]
    sizes = {name: locale.number(batches[name]) for name in ("count", "size")}
    return render(
        "mixture.html",
        ("text.js", "frame.js", "browse.js"),
        locale,
        title=locale("mixture.title", names=", ".join(part["name"] for part in parts)),
        subtitle=locale("mixture.subtitle", rows=locale.number(facts["rows"]), **sizes),
        tiles=_tiles(facts, locale),
        findings=list(_findings(facts, locale)),
        figures=figures,
        parts=[_part(part, locale) for part in parts],
        prompts=[row for part in parts for row in _prompt(part, locale)],
        left_out=list(_left_out(facts, locale)),
        held_out=[(Path(name).name, locale.number(count)) for name, count in facts["holdout"].items()],
        quality=[_quality(part, locale) for part in parts],
        settings=_settings(facts, locale),
        batch=[cut(text, TEXT) for text in batches["example"]],
        full=yaml.safe_dump(facts["settings"], sort_keys=False, allow_unicode=True),
        data={
            "texts": locale.under("examples."),
            "language": locale.language,
            "reasons": {name: locale(f"check.{name}") for name in ("positive", "negative")},
            "suspected": [],
            "rankers": [],
            **_examples(facts, locale),
        },
    )


def mixture_figures(facts: Facts, locale: Locale, style: Style) -> Iterator[tuple[str, AnyChart]]:
    """Yields (name, chart) for every figure that has something to show."""
    style = style.localized(locale)
    for name in ("rows", "likeness", "false_negatives"):
        chart = getattr(mixtures, name)(facts, locale, style)
        if chart is not None:
            yield name, chart


def _tiles(facts: Facts, locale: Locale) -> list[tuple[str, str, str]]:
    parts = facts["parts"]
    distinct, left_out = sum(p["distinct_rows"] for p in parts), sum(map(_lost, parts))
    repeats = 1 - distinct / max(facts["rows"], 1)
    return [
        (locale.number(facts["rows"]), locale("mixture.tile_rows"), ""),
        (locale.number(len(parts)), locale("mixture.tile_parts"), ""),
        (locale.number(facts["batches"]["count"]), locale("mixture.tile_batches"), ""),
        (locale.percent(repeats), locale("mixture.tile_repeats"), ""),
        (locale.number(left_out), locale("mixture.tile_left_out"), ""),
    ]


def _lost(part: Facts) -> int:
    return sum(part["left_out"].values())


def _findings(facts: Facts, locale: Locale) -> Iterator[Finding]:
    parts = facts["parts"]
    largest = max(parts, key=lambda part: part["rows"])
    share = locale.percent(largest["share"])
    yield "plain", locale("mixture.find_largest", name=largest["name"], share=share)
    for part in parts:
        times = part["rows"] / max(part["distinct_rows"], 1)
        if times > _OFTEN:
            yield (
                "bad",
                locale("mixture.find_repeated", name=part["name"], times=locale.decimal(times, 1)),
            )
    kept = facts["batches"]["kept"]
    yield ("good", locale("mixture.find_batches")) if kept else ("bad", locale("mixture.find_lost"))
    yield from _overlap(facts, locale)
    with_prompt = [part["name"] for part in parts if part["prompts"]["rows"]]
    without = ", ".join(part["name"] for part in parts if not part["prompts"]["rows"])
    if with_prompt and without:
        yield "bad", locale("mixture.find_no_prompt", names=without)
    for part in parts:
        rate = part["false_negatives"]["measured"]
        if rate is not None:
            bad = rate["rate"] > _MANY
            text = locale("mixture.find_measured", name=part["name"], rate=locale.percent(rate["rate"]))
            yield "bad" if bad else "plain", text
    if unmeasured := [part["name"] for part in parts if part["false_negatives"]["measured"] is None]:
        yield "plain", locale("mixture.find_unmeasured", names=", ".join(unmeasured))


def _overlap(facts: Facts, locale: Locale) -> Iterator[Finding]:
    counts = {
        reason: sum(part["left_out"].get(reason, 0) for part in facts["parts"])
        for reason in ("in_the_evaluation_set", "query_of_an_earlier_run")
    }
    leaked, copies = counts.values()
    if not facts["holdout"]:
        yield "plain", locale("mixture.find_no_holdout")
    elif leaked:
        yield "plain", locale("mixture.find_leaked", count=locale.number(leaked))
    else:
        yield "good", locale("mixture.find_no_leak")
    if copies:
        yield "plain", locale("mixture.find_copies", count=locale.number(copies))


def _part(part: Facts, locale: Locale) -> tuple[str, ...]:
    numbers = (locale.number(part[name]) for name in ("rows_found", "distinct_rows", "rows"))
    return part["name"], part["recipe"], *numbers, locale.percent(part["share"])


def _prompt(part: Facts, locale: Locale) -> list[tuple[str, str, str, str]]:
    own = part["prompts"]
    if not own["rows"]:
        return []
    counts = locale.number(own["rows"]), locale.number(own["distinct"])
    return [(part["name"], cut(own["first"], TEXT), *counts)]


def _left_out(facts: Facts, locale: Locale) -> Iterator[tuple[str, str, str, str]]:
    for part in facts["parts"]:
        for reason, count in part["left_out"].items():
            label = locale.texts.get(f"mixture.left_out_{reason}", reason)
            share = locale.percent(count / max(part["rows_found"], 1))
            yield part["name"], label, locale.number(count), share


def _quality(part: Facts, locale: Locale) -> tuple[str, ...]:
    hardness, rate = part["hardness"], part["false_negatives"]
    measured = locale("mixture.unknown")
    if rate["measured"] is not None:
        written = {name: locale.percent(rate["measured"][name]) for name in ("rate", "low", "high")}
        measured = locale("mixture.interval", **written)
    return (
        part["name"],
        hardness["by"],
        locale.decimal(hardness["score"]),
        locale.decimal(hardness["relative_margin"]),
        locale("mixture.unknown") if rate["expected"] is None else locale.percent(rate["expected"]),
        measured,
    )


def _settings(facts: Facts, locale: Locale) -> list[tuple[str, str]]:
    settings, batches = facts["settings"], facts["batches"]
    values = {
        "kind": locale(f"mixture.kind_{batches['kind']}"),
        "size": locale.number(batches["size"]),
        "temperature": locale.figures(settings["temperature"]),
        "near_copy": locale.figures(settings["near_copy"]),
        "seed": str(settings["seed"]),
        "format": format_name(facts["export"]),
        "files": ", ".join([*facts["export"]["files"], *([batches["masks"]] if "masks" in batches else [])]),
    }
    return [(locale(f"mixture.setting_{name}"), value) for name, value in values.items()]


def _examples(facts: Facts, locale: Locale) -> dict[str, Any]:
    """Returns the examples as the page's script reads those of a run, scores as notes."""
    docs: dict[str, list[str]] = {}
    shown = []
    for part in facts["parts"]:
        for example in part["examples"]:
            rows: dict[str, list[list[Any]]] = {"positives": [], "negatives": []}
            for kind, own in rows.items():
                for each in example[kind]:
                    docs[each["doc_id"]] = [each["title"], cut(each["text"], TEXT)]
                    note = f"{part['hardness']['by']} {locale.decimal(each['score'])}"
                    row = [each["doc_id"], None, [], None, kind.removesuffix("s"), None, each["weight"], note]
                    own.append(row)
            counts = [len(rows["positives"]), example["n_negatives"], 0]
            entry = {"id": example["query_id"], "text": cut(example["query"], TEXT), "short": None}
            shown.append({**entry, **rows, "dropped": [], "counts": counts, "reasons": {}})
    total = sum(part["distinct_rows"] for part in facts["parts"])
    return {"total": total, "sampled": len(shown), "docs": docs, "queries": shown}
