"""Two runs side by side: what changed for which query, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from markupsafe import Markup

from hardneg.core.records import Collection, Decision
from hardneg.core.tables import flat
from hardneg.report import examples
from hardneg.report.figures.moves import moves
from hardneg.report.figures.style import PAGE, svg
from hardneg.report.gather import Findings, gather
from hardneg.report.i18n import Words
from hardneg.report.page import render
from hardneg.runs import diff, ledger

LIMIT = 500
"""Queries that the page shows at most, unless told otherwise."""

Pairs = dict[str, set[tuple[str, str]]]


def versus(first: Path, second: Path, collection: Collection | None, words: Words, limit: int | None) -> str:
    """Returns a page on what two runs of one collection decide differently.

    Raises:
        ConfigError: The runs are of different collections.
        DataError: A run is not finished or damaged.
    """
    compared = diff.compare(first, second)
    both = (gather(first), gather(second))
    chosen = [_negatives(folder) for folder in (first, second)]
    changed = _changed(*chosen)
    shown = _examples(both, chosen, changed[: LIMIT if limit is None else limit], words)
    examples.add_texts(shown, collection)
    told = [
        (_outcome(m["first"], words), _outcome(m["second"], words), m["candidates"])
        for m in compared["moves"]
    ]
    chart = moves(told, words, PAGE.speaking(words))
    negatives = compared["negatives"]
    return render(
        "versus.html",
        ("text.js", "frame.js", "browse.js"),
        ("page.css", "report.css"),
        words=words,
        title=words("versus.title", first=first.name, second=second.name),
        names=(str(first), str(second)),
        tiles=[
            (words.number(negatives["both"]), words("versus.tile_both"), ""),
            (words.number(negatives["first_only"]), words("versus.tile_first"), ""),
            (words.number(negatives["second_only"]), words("versus.tile_second"), ""),
            (
                words.number(len(changed)),
                words("versus.tile_queries"),
                words("page.of", total=_total(both, words)),
            ),
        ],
        settings=_differing(both[0].run["recipe"], both[1].run["recipe"]),
        figure=None if chart is None else Markup(svg(chart, "moves")),
        moves=[(one, other, words.number(count)) for one, other, count in told],
        differ=bool(changed),
        data={
            "words": {k: t for k, t in words.all.items() if k.startswith(("examples.", "reason."))},
            "language": words.language,
            "rankers": _rankers(both),
            "total": len(changed),
            "sampled": len(shown),
            "docs": examples.documents(shown, collection),
            "queries": shown,
        },
    )


def _negatives(folder: Path) -> Pairs:
    """Returns {query_id: {(positive_id or "", doc_id)}} of a run's negatives."""
    chosen: Pairs = {}
    for path in ledger.parts(folder):
        names = [name for name in ("query_id", "positive_id", "doc_id") if name in pq.read_schema(path).names]
        table = pq.read_table(path, columns=names, filters=[("decision", "=", Decision.NEGATIVE)])
        for row in table.to_pylist():
            chosen.setdefault(row["query_id"], set()).add((row.get("positive_id") or "", row["doc_id"]))
    return chosen


def _changed(first: Pairs, second: Pairs) -> list[str]:
    """Returns the queries whose negatives differ, those that differ most first."""
    queries = dict.fromkeys([*first, *second])
    size = {name: len(first.get(name, set()) ^ second.get(name, set())) for name in queries}
    return sorted((name for name in queries if size[name]), key=lambda name: -size[name])


def _examples(
    both: tuple[Findings, Findings], chosen: Sequence[Pairs], queries: Sequence[str], words: Words
) -> list[dict[str, Any]]:
    """Returns the queries with the negatives that only one run has, and what the other did with them."""
    rankers = _rankers(both)
    outcomes = [_outcomes(found.folder, queries) for found in both]
    rows = [_rows(found, queries, rankers) for found in both]
    shown = []
    for query in queries:
        own = [chosen[side].get(query, set()) for side in (0, 1)]
        sides = [
            [
                [*rows[side][query][key], words("versus.to" if side == 0 else "versus.from") + ": " + other]
                for key in sorted(own[side] - own[1 - side])
                for other in [_outcome(outcomes[1 - side].get((query, *key), ""), words)]
            ]
            for side in (0, 1)
        ]
        positives = [row for key, row in rows[0].get(query, {}).items() if row[4] == "judged_relevant"][:3]
        shown.append(
            {
                "id": query,
                "text": "",
                "short": None,
                "positives": positives,
                "negatives": sides[0],
                "dropped": sides[1],
                "heads": {"negatives": words("versus.gone"), "dropped": words("versus.new")},
                "counts": [len(positives), len(sides[0]), len(sides[1])],
                "reasons": {},
            }
        )
    return shown


def _rows(
    found: Findings, queries: Sequence[str], rankers: Sequence[str]
) -> dict[str, dict[tuple[str, str], list[Any]]]:
    """Returns {query_id: {(positive_id or "", doc_id): row}} as the page shows them."""
    shown: dict[str, dict[tuple[str, str], list[Any]]] = {query: {} for query in queries}
    for path in ledger.parts(found.folder):
        for (query, positive), rows, _ in examples.read(path, queries, found):
            for row in rows:
                scores = dict(zip(found.rankers, row["scores"], strict=True))
                row["scores"] = [scores.get(name) for name in rankers]
                shown[query][positive, row["doc_id"]] = examples.plain(row)
    return shown


def _outcomes(folder: Path, queries: Sequence[str]) -> dict[tuple[str, str, str], str]:
    """Returns {(query_id, positive_id or "", doc_id): outcome}, as in `dropped: surplus`."""
    found = {}
    for path in ledger.parts(folder):
        wanted = ("query_id", "positive_id", "doc_id", "decision", "reason")
        names = [name for name in wanted if name in pq.read_schema(path).names]
        table = pq.read_table(path, columns=names, filters=examples.of(queries))
        for row in table.to_pylist():
            key = (row["query_id"], row.get("positive_id") or "", row["doc_id"])
            found[key] = f"{row['decision']}: {row['reason']}"
    return found


def _outcome(outcome: str, words: Words) -> str:
    """Returns `dropped: surplus` in words."""
    decision, _, reason = outcome.partition(": ")
    if not reason:
        return words("versus.not_looked_at")
    return f"{words(f'group.{decision}')}: {words.reason(reason)}"


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Returns (path, first value, second value) of the settings in which two recipes differ."""
    one, other = dict(flat(first)), dict(flat(second))
    rows = [(path, one.get(path, "–"), other.get(path, "–")) for path in dict.fromkeys([*one, *other])]
    return [row for row in rows if row[1] != row[2]]


def _rankers(both: tuple[Findings, Findings]) -> list[str]:
    return list(dict.fromkeys([*both[0].rankers, *both[1].rankers]))


def _total(both: tuple[Findings, Findings], words: Words) -> str:
    return words.number(max(len(found.queries) for found in both))
