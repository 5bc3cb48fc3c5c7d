"""Two runs side by side: what changed for which query, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from hardneg.core.records import JUDGED_RELEVANT, Collection, Decision
from hardneg.core.tables import flat
from hardneg.report import examples
from hardneg.report.figures.candidates import moves
from hardneg.report.figures.style import PAGE_STYLE, svg
from hardneg.report.i18n import Locale
from hardneg.report.page import render
from hardneg.report.reasons import Reasons
from hardneg.report.summary import RunSummary, summarize
from hardneg.runs import diff, ledger

LIMIT = 500
"""Most queries that the page shows by default."""

Key = tuple[str, str]
"""(positive_id or "", doc_id) of a candidate of a query."""

Runs = tuple[RunSummary, RunSummary]


def diff_page(
    first: Path, second: Path, collection: Collection | None, locale: Locale, limit: int | None
) -> str:
    """Returns a page on what two runs of one collection decide differently."""
    differences = diff.compare(first, second)
    runs = (summarize(first), summarize(second))
    reasons = Reasons(locale, runs[1].run, runs[0].run)
    negatives = [_negatives(folder) for folder in (first, second)]
    grown = ""
    if "queries" in differences:
        common = set(runs[0].queries).intersection(runs[1].queries)
        negatives = [{query: side[query] for query in side if query in common} for side in negatives]
        grown = locale("diff.grown", count=locale.number(differences["queries"]["both"]))
    changed = _changed(*negatives)
    shown = _examples(runs, negatives, changed[: LIMIT if limit is None else limit], locale, reasons)
    examples.add_texts(shown, collection)
    moved = [
        (_outcome(m["first"], locale, reasons), _outcome(m["second"], locale, reasons), m["candidates"])
        for m in differences["moves"]
    ]
    chart = moves(moved, locale, PAGE_STYLE.localized(locale))
    counts = differences["negatives"]
    total = locale("page.of", total=locale.number(max(len(run.queries) for run in runs)))
    return render(
        "diff.html",
        ("text.js", "frame.js", "browse.js"),
        locale,
        title=locale("diff.title", first=first.name, second=second.name),
        names=(str(first), str(second)),
        grown=grown,
        tiles=[
            (locale.number(counts["both"]), locale("diff.tile_both"), ""),
            (locale.number(counts["first_only"]), locale("diff.tile_first"), ""),
            (locale.number(counts["second_only"]), locale("diff.tile_second"), ""),
            (locale.number(len(changed)), locale("diff.tile_queries"), total),
        ],
        settings=_differing_settings(*(run.run["recipe"] for run in runs)),
        figure=None if chart is None else svg(chart, "moves"),
        moves=[(one, other, locale.number(count)) for one, other, count in moved],
        differ=bool(changed),
        data={
            "texts": locale.under("examples."),
            "language": locale.language,
            "reasons": reasons.labels(examples.reasons_of(shown)),
            "suspected": sorted(runs[0].suspected_reasons | runs[1].suspected_reasons),
            "rankers": _rankers(runs),
            "total": len(changed),
            "sampled": len(shown),
            "docs": examples.documents(shown, collection),
            "queries": shown,
        },
    )


def _ledger_rows(
    folder: Path, columns: Sequence[str], chosen: pc.Expression
) -> Iterator[tuple[str, Key, dict[str, Any]]]:
    """Yields (query_id, key, row) of the chosen rows of a run's ledger."""
    for path in ledger.parts(folder):
        wanted = ("query_id", "positive_id", "doc_id", *columns)
        for row in ledger.read_table(path, wanted, chosen).to_pylist():
            yield row["query_id"], (row.get("positive_id") or "", row["doc_id"]), row


def _negatives(folder: Path) -> dict[str, set[Key]]:
    """Returns {query_id: keys} of a run's negatives."""
    negatives: dict[str, set[Key]] = {}
    for query, key, _ in _ledger_rows(folder, (), pc.field("decision") == Decision.NEGATIVE):
        negatives.setdefault(query, set()).add(key)
    return negatives


def _changed(first: dict[str, set[Key]], second: dict[str, set[Key]]) -> list[str]:
    """Returns the queries whose negatives differ, those that differ most first."""
    queries = dict.fromkeys([*first, *second])
    size = {name: len(first.get(name, set()) ^ second.get(name, set())) for name in queries}
    return sorted((name for name in queries if size[name]), key=lambda name: -size[name])


def _examples(
    runs: Runs,
    negatives: Sequence[dict[str, set[Key]]],
    queries: Sequence[str],
    locale: Locale,
    reasons: Reasons,
) -> list[dict[str, Any]]:
    """Returns the queries with the negatives that only one run has, and what the other did with them."""
    outcomes: list[dict[tuple[str, Key], str]] = [
        {
            (query, key): f"{row['decision']}: {row['reason']}"
            for query, key, row in _ledger_rows(run.folder, ("decision", "reason"), examples.of(queries))
        }
        for run in runs
    ]
    rows = [_rows(run, queries, _rankers(runs)) for run in runs]
    shown = []
    for query in queries:
        own = [side.get(query, set()) for side in negatives]
        sides = [
            [
                [*rows[side][query][key], f"{locale(note)}: {other}"]
                for key in sorted(own[side] - own[1 - side])
                for other in [_outcome(outcomes[1 - side].get((query, key), ""), locale, reasons)]
            ]
            for side, note in ((0, "diff.to"), (1, "diff.from"))
        ]
        positives = [row for row in rows[0].get(query, {}).values() if row[4] == JUDGED_RELEVANT][:3]
        shown.append(
            {
                "id": query,
                "text": "",
                "short": None,
                "positives": positives,
                "negatives": sides[0],
                "dropped": sides[1],
                "heads": {"negatives": locale("diff.gone"), "dropped": locale("diff.new")},
                "counts": [len(positives), len(sides[0]), len(sides[1])],
                "reasons": {},
            }
        )
    return shown


def _rows(run: RunSummary, queries: Sequence[str], rankers: Sequence[str]) -> dict[str, dict[Key, list[Any]]]:
    """Returns {query_id: {key: row}} as the page shows them."""
    shown: dict[str, dict[Key, list[Any]]] = {query: {} for query in queries}
    for path in ledger.parts(run.folder):
        for (query, positive), rows, _ in examples.read(path, queries, run):
            for row in rows:
                scores = dict(zip(run.rankers, row["scores"], strict=True))
                row["scores"] = [scores.get(name) for name in rankers]
                shown[query][positive, row["doc_id"]] = examples.plain(row)
    return shown


def _outcome(outcome: str, locale: Locale, reasons: Reasons) -> str:
    """Returns an outcome as `dropped: surplus` in the language."""
    decision, _, reason = outcome.partition(": ")
    return (
        f"{locale(f'group.{decision}')}: {reasons.label(reason)}" if reason else locale("diff.no_candidate")
    )


def _differing_settings(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Returns (path, first value, second value) of the settings in which two recipes differ."""
    one, other = dict(flat(first)), dict(flat(second))
    rows = [(path, one.get(path, "–"), other.get(path, "–")) for path in dict.fromkeys([*one, *other])]
    return [row for row in rows if row[1] != row[2]]


def _rankers(runs: Runs) -> list[str]:
    return list(dict.fromkeys([*runs[0].rankers, *runs[1].rankers]))
