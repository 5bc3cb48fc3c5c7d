"""Compares the decisions of two runs on the same collection."""

from __future__ import annotations

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
    tables = [_outcomes(Path(folder)) for folder in (first, second)]
    queries: dict[str, Any] = {}
    if runs[0]["collection"]["digest"] != runs[1]["collection"]["digest"]:
        tables, queries = _common(*tables)
        if not queries["queries"]["both"]:
            raise ConfigError(
                f"{first} and {second} were mined from different collections, and have no query with a "
                "positive in common"
            )
    keys = sorted(set(tables[0].column_names) & set(tables[1].column_names) - {"outcome"})
    both = tables[0].join(
        tables[1], keys=keys, right_suffix=".second", join_type="full outer", use_threads=False
    )
    counts = (
        both.group_by(["outcome", "outcome.second"], use_threads=False)
        .aggregate([([], "count_all")])
        .to_pylist()
    )
    moves = [
        {
            "first": row["outcome"] or "not looked at",
            "second": row["outcome.second"] or "not looked at",
            "candidates": row["count_all"],
        }
        for row in counts
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
        **queries,
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


def _outcomes(folder: Path) -> pa.Table:
    """Returns the keys of all candidates with their outcome, as in `dropped: surplus`."""
    wanted = ("query_id", "positive_id", "doc_id", "decision", "reason")
    whole = pa.concat_tables(ledger.read_table(path, wanted) for path in ledger.parts(folder))
    outcome = pc.binary_join_element_wise(whole["decision"], whole["reason"], ": ")
    return whole.drop_columns(["decision", "reason"]).append_column("outcome", outcome)


def _common(first: pa.Table, second: pa.Table) -> tuple[list[pa.Table], dict[str, Any]]:
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
    return [each.filter(pc.is_in(each["query_id"], both)) for each in (first, second)], {"queries": counts}


def _is_negative(outcome: str) -> bool:
    return outcome.startswith(f"{Decision.NEGATIVE}:")
