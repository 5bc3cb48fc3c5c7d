"""Compares the decisions of two runs on the same collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.table import Table

from hardneg.core.errors import ConfigError
from hardneg.core.records import Decision
from hardneg.core.stores import display_url
from hardneg.runs import ledger
from hardneg.runs.directory import RunFolder

_NOT_RANKED = "not looked at"


def compare(first: str | Path, second: str | Path) -> dict[str, Any]:
    """Returns how the decisions of two runs differ.

    Of collections that differ, as one that has grown, the queries that both have are compared, by their ids.

    Args:
        first: A finished run directory.
        second: Another, of the same collection or one with common queries.

    Returns:
        `negatives`: how many are chosen by both, by the first only, by the second only; `moves`: for every
        pair of differing outcomes, as `dropped: surplus`, how many candidates went from one to the other;
        of differing collections also `queries`, how many both have or only one.

    Raises:
        ConfigError: The runs are of different collections, without common queries and positives.
        DataError: One of them is no run directory.
    """
    runs = [RunFolder(Path(folder)).read() for folder in (first, second)]
    differ = runs[0]["collection"]["digest"] != runs[1]["collection"]["digest"]
    counts: Counter[tuple[str, str]] = Counter()
    queries: Counter[str] = Counter()
    for rows, others in _by_query(_outcomes(Path(first)), _outcomes(Path(second))):
        if differ:
            rows, others, found = _common(rows, others)
            queries.update(found)
        counts.update(_moves(rows, others))
    if differ and not queries["both"]:
        raise ConfigError(
            f"{first} and {second} were mined from different collections, and have no query with a "
            "positive in common"
        )
    moves: list[dict[str, Any]] = [
        {"first": before, "second": after, "candidates": count} for (before, after), count in counts.items()
    ]
    moves.sort(key=lambda move: (-move["candidates"], move["first"], move["second"]))
    chosen = [(_is_negative(m["first"]), _is_negative(m["second"]), m["candidates"]) for m in moves]
    return {
        "first": display_url(str(first)),
        "second": display_url(str(second)),
        "negatives": {
            "both": sum(count for a, b, count in chosen if a and b),
            "first_only": sum(count for a, b, count in chosen if a and not b),
            "second_only": sum(count for a, b, count in chosen if b and not a),
        },
        "moves": [move for move in moves if move["first"] != move["second"]],
        **({"queries": dict(queries)} if differ else {}),
    }


def table(differences: dict[str, Any]) -> Table:
    """Returns the result of `compare` as a table for people."""
    shown = Table(title=f"{differences['first']} -> {differences['second']}")
    for heading in ("first", "second"):
        shown.add_column(heading)
    shown.add_column("candidates", justify="right")
    for name, count in differences["negatives"].items():
        shown.add_row("negatives", name.replace("_", " "), f"{count:,}")
    if "queries" in differences:
        shown.add_section()
        for name, count in differences["queries"].items():
            shown.add_row("queries (the collections differ)", name.replace("_", " "), f"{count:,}")
    shown.add_section()
    for move in differences["moves"]:
        shown.add_row(move["first"], move["second"], f"{move['candidates']:,}")
    return shown


def _outcomes(folder: Path) -> Iterator[pa.Table]:
    """Yields the keys of each part's candidates with their outcome, as in `dropped: surplus`."""
    wanted = ("query_id", "positive_id", "doc_id", "decision", "reason")
    for path in ledger.parts(folder):
        part = ledger.read_table(path, wanted)
        outcome = pc.binary_join_element_wise(part["decision"], part["reason"], ": ")
        yield part.drop_columns(["decision", "reason"]).append_column("outcome", outcome)


def _by_query(first: Iterator[pa.Table], second: Iterator[pa.Table]) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yields rows of both runs, all of a query's together, at last those of queries that one of them lacks.

    A part has all rows of its queries. Where both runs have their queries in one order, little is held.
    """
    waiting: list[list[pa.Table]] = [[], []]
    for parts in zip_longest(first, second):
        rows, others = (
            pa.concat_tables([*held, *([] if part is None else [part])])
            for held, part in zip(waiting, parts, strict=True)
        )
        shared = pc.is_in(rows["query_id"], others["query_id"].unique())
        shared_too = pc.is_in(others["query_id"], rows["query_id"].unique())
        yield rows.filter(shared), others.filter(shared_too)
        waiting = [[rows.filter(pc.invert(shared))], [others.filter(pc.invert(shared_too))]]
    yield waiting[0][0], waiting[1][0]


def _moves(first: pa.Table, second: pa.Table) -> dict[tuple[str, str], int]:
    """Returns how many candidates have each pair of outcomes."""
    keys = sorted(set(first.column_names) & set(second.column_names) - {"outcome"})
    both = first.join(second, keys=keys, right_suffix=".second", join_type="full outer", use_threads=False)
    counts = both.group_by(["outcome", "outcome.second"], use_threads=False).aggregate([([], "count_all")])
    return {
        (row["outcome"] or _NOT_RANKED, row["outcome.second"] or _NOT_RANKED): row["count_all"]
        for row in counts.to_pylist()
    }


def _common(first: pa.Table, second: pa.Table) -> tuple[pa.Table, pa.Table, dict[str, int]]:
    """Returns the rows of the queries that have a positive in common, and how many there are."""
    positives = [each.filter(pc.starts_with(each["outcome"], Decision.POSITIVE)) for each in (first, second)]
    pairs = [
        each.select(["query_id", "doc_id"]).group_by(["query_id", "doc_id"], use_threads=False).aggregate([])
        for each in positives
    ]
    common = pairs[0].join(pairs[1], keys=["query_id", "doc_id"], join_type="inner", use_threads=False)
    both = common["query_id"].unique()
    all_queries = [pc.count_distinct(each["query_id"]).as_py() for each in (first, second)]
    counts = {
        "both": len(both),
        "first_only": all_queries[0] - len(both),
        "second_only": all_queries[1] - len(both),
    }
    return *(each.filter(pc.is_in(each["query_id"], both)) for each in (first, second)), counts


def _is_negative(outcome: str) -> bool:
    return outcome.startswith(f"{Decision.NEGATIVE}:")
