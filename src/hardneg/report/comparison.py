"""The report of a comparison: which recipe trains the best student, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from hardneg.report.figures import compared
from hardneg.report.figures.style import PAGE, AnyChart, Look, svg
from hardneg.report.i18n import Words
from hardneg.report.page import render

_COLUMNS = (
    "arm",
    "ndcg",
    "interval",
    "seeds",
    "gain",
    "first",
    "best",
    "recall",
    "shared",
    "false_negatives",
    "hardness",
    "seconds",
)


def comparison(facts: Mapping[str, Any], words: Words) -> str:
    """Returns a page on a finished comparison, as its compare.json tells of it."""
    rows = facts["rows"]
    best = next(row for row in rows if row["best"])
    figures = [
        {
            "title": words(f"comparison.figure_{kind}", measure=part),
            "caption": words(f"comparison.caption_{kind}"),
            "svg": Markup(svg(chart, f"{kind}-{part}".replace("@", "-"))),
        }
        for kind, part, chart in drawn(facts, words, PAGE)
    ]
    return render(
        "comparison.html",
        ("text.js", "frame.js"),
        ("page.css", "report.css"),
        words=words,
        title=words("comparison.title", name=facts["collection"]["name"]),
        tiles=[
            (best["arm"], words("comparison.tile_best"), ""),
            (_signed(best["gain"], words), words("comparison.tile_gain"), ""),
            (words.number(facts["collection"]["queries"]), words("comparison.tile_training"), ""),
            (words.number(facts["collection"]["test"]["queries"]), words("comparison.tile_test"), ""),
            (words.number(facts["settings"]["seeds"]), words("comparison.tile_seeds"), ""),
        ],
        figures=figures,
        heads=[words(f"comparison.column_{name}") for name in _COLUMNS],
        rows=[_cells(row, words) for row in rows],
        student=facts["settings"]["train"]["student"],
        data={"words": {}, "language": words.language},
    )


def drawn(facts: Mapping[str, Any], words: Words, look: Look) -> Iterator[tuple[str, str, AnyChart]]:
    """Yields (kind, measure, chart) for every figure that has something to show."""
    rows = facts["rows"]
    charts = [
        ("measured", measure, compared.measured(rows, words, look, measure))
        for measure in compared.measures(rows)
    ]
    charts.insert(1, ("differences", compared.MAIN, compared.differences(rows, words, look)))
    charts.append(("false_negatives", "", compared.false_negatives(rows, words, look)))
    yield from ((kind, part, chart) for kind, part, chart in charts if chart is not None)


def _cells(row: Mapping[str, Any], words: Words) -> list[str]:
    found, mined = row["measures"][compared.MAIN], row["mined"] or {}
    rate = (mined.get("false_negatives") or {}).get("rate")
    hardness = (mined.get("hardness") or {}).get("score")
    return [
        row["arm"],
        words.decimal(found["mean"], 4),
        f"{words.decimal(found['low'])}–{words.decimal(found['high'])}",
        "" if row["spread"] is None else f"±{words.decimal(row['spread'], 4)}",
        _signed(row["gain"], words),
        _versus(row["against_first"], words),
        _versus(row["against_best"], words),
        words.decimal(row["measures"]["recall@100"]["mean"], 4),
        "" if mined.get("shared_with_first") is None else words.percent(mined["shared_with_first"]),
        "" if rate is None else words.percent(rate),
        "" if hardness is None else words.decimal(hardness),
        words.number(round(row["seconds"]["train"])),
    ]


def _versus(found: Mapping[str, Any] | None, words: Words) -> str:
    if found is None:
        return ""
    mark = "*" if found["p_holm"] < 0.05 else ""
    return (
        f"{_signed(found['difference']['mean'], words)}{mark} (p {words.decimal(found['p_randomisation'])})"
    )


def _signed(value: float, words: Words) -> str:
    return ("+" if value > 0 else "") + words.decimal(value, 4)
