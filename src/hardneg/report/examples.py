"""The examples of a report: single queries with what was decided on their candidates, as plain data."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hardneg.core.records import Collection, Decision
from hardneg.report.columns import margins, starts
from hardneg.report.i18n import TEXT, cut
from hardneg.report.summary import RunSummary
from hardneg.runs import ledger
from hardneg.selection.reasons import SURPLUS

LIMIT = 1_500
"""Most queries that a report shows by default."""

_KINDS = {
    "positives": (Decision.POSITIVE, 3),
    "negatives": (Decision.NEGATIVE, 10),
    "dropped": (Decision.DROPPED, 5),
}
"""Which candidates an example shows, and the most of each."""


def examples(summary: RunSummary, collection: Collection | None, limit: int = LIMIT) -> dict[str, Any]:
    """Returns a sample of a run's queries with their documents, scores and decisions."""
    sampled = sample(summary.queries, limit)
    short = {(query, positive): reason for query, positive, reason in summary.short}
    shown = []
    for path in ledger.parts(summary.folder):
        for key, rows, reasons in read(path, sampled, summary):
            shown.append(_example(key, rows, reasons, short.get(key)))
    add_texts(shown, collection)
    return {
        "rankers": summary.rankers,
        "total": len(summary.queries),
        "sampled": len(sampled),
        "docs": documents(shown, collection),
        "queries": shown,
    }


def sample(queries: Sequence[str], limit: int) -> list[str]:
    """Returns at most `limit` of the queries, chosen by a hash of their ids, in their order."""
    if len(queries) <= limit:
        return list(queries)
    lowest = sorted(queries, key=lambda name: hashlib.blake2b(name.encode(), digest_size=8).digest())
    kept = set(lowest[:limit])
    return [name for name in queries if name in kept]


def read(
    path: Path, queries: Sequence[str], summary: RunSummary
) -> Iterator[tuple[tuple[str, str], list[dict[str, Any]], dict[str, int]]]:
    """Yields ((query_id, positive_id or ""), rows, reasons) for the queries that a part of the ledger holds.

    A row has the ledger's columns, and `margin` and `scores` (a list by ranker) beside them. Of the dropped,
    only the first that rules dropped and the first that were not needed; `reasons` counts all of them.
    """
    table = ledger.read_table(path, filters=of(queries))
    if not len(table):
        return
    table = table.append_column("margin", pa.array(margins(table, summary.scorer, summary.relative)))
    example = np.cumsum(starts(table)) - 1
    reason = table["reason"].to_numpy(zero_copy_only=False)
    dropped = table["decision"].to_numpy(zero_copy_only=False) == Decision.DROPPED
    kept = ~dropped
    for kind in (dropped & (reason == SURPLUS), dropped & (reason != SURPLUS)):
        kept[np.flatnonzero(kind)[_places(example[kind]) < _KINDS["dropped"][1]]] = True
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    pairs = zip(example[dropped].tolist(), reason[dropped].tolist(), strict=True)
    for (number, name), count in Counter(pairs).items():
        counts[number][name] = count
    rows = table.filter(pa.array(kept)).append_column("example", pa.array(example[kept])).to_pylist()
    for number, grouped in groupby(rows, key=lambda row: int(row["example"])):
        own = list(grouped)
        for row in own:
            row["scores"] = [_round(row[f"score.{name}"]) for name in summary.rankers]
        yield (own[0]["query_id"], own[0].get("positive_id") or ""), own, dict(counts[number])


def of(queries: Sequence[str]) -> pc.Expression:
    """Returns the filter for the ledger's rows of some queries."""
    return pc.field("query_id").isin(pa.array(queries, pa.string()))


def _places(example: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns (n,) int64: how many rows of the same example precede each row; examples are ascending."""
    return np.arange(len(example)) - np.searchsorted(example, example)


def plain(row: dict[str, Any]) -> list[Any]:
    """Returns `[doc_id, rank, scores by ranker, margin, reason, p, weight]` of one row of the ledger."""
    rounded = [_round(row.get(name)) for name in ("margin", "p_false_negative", "weight")]
    return [row["doc_id"], row["rank"], row["scores"], rounded[0], row["reason"], *rounded[1:]]


def _rows(shown: Sequence[dict[str, Any]]) -> Iterator[list[Any]]:
    yield from (row for example in shown for kind in _KINDS for row in example.get(kind, ()))


def documents(shown: Sequence[dict[str, Any]], collection: Collection | None) -> dict[str, list[str]]:
    """Returns {doc_id: [title, beginning of the text]} of all documents in the examples."""
    ids = list(dict.fromkeys(row[0] for row in _rows(shown)))
    if collection is None or not ids:
        return {}
    places = collection.documents.rows(ids)
    titles, bodies = collection.documents.titles(places), collection.documents.bodies(places)
    return {doc: [title[:TEXT], cut(body)] for doc, title, body in zip(ids, titles, bodies, strict=True)}


def reasons_of(shown: Sequence[dict[str, Any]]) -> set[str]:
    """Returns all reasons in the examples."""
    counted = {reason for example in shown for reason in (*example["reasons"], example["short"] or "")}
    return (counted | {row[4] for row in _rows(shown)}) - {""}


def add_texts(shown: Sequence[dict[str, Any]], collection: Collection | None) -> None:
    """Gives each example the text of its query, in place."""
    if collection is not None and shown:
        texts = collection.queries.texts(collection.queries.rows([example["id"] for example in shown]))
        for example, text in zip(shown, texts, strict=True):
            example["text"] = cut(text)


def _example(
    key: tuple[str, str], rows: list[dict[str, Any]], reasons: dict[str, int], short: str | None
) -> dict[str, Any]:
    own = {
        name: [row for row in rows if row["decision"] == decision] for name, (decision, _) in _KINDS.items()
    }
    own["positives"].sort(key=lambda row: row["doc_id"] != key[1])
    # What rules dropped comes first: it says more than what was merely not needed.
    own["dropped"].sort(key=lambda row: (row["reason"] == SURPLUS, row["rank"] or 1 << 30))
    return {
        "id": key[0],
        "text": "",
        "short": short,
        **{name: [plain(row) for row in own[name][:most]] for name, (_, most) in _KINDS.items()},
        "counts": [len(own["positives"]), len(own["negatives"]), sum(reasons.values())],
        "reasons": reasons,
    }


def _round(value: float | None) -> float | None:
    return None if value is None or value != value else float(f"{value:.4g}")
