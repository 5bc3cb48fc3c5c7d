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

    Args:
        first: A finished run directory.
        second: Another, of the same collection.

    Returns:
        `negatives`: how many are chosen by both, by the first only, by the second only; `moves`: for every
        pair of differing outcomes, as `dropped: surplus`, how many candidates went from one to the other.

    Raises:
        ConfigError: The runs are of different collections.
        DataError: One of them is no run directory.
    """
    runs = [RunFolder(Path(folder)).read() for folder in (first, second)]
    if runs[0]["collection"]["digest"] != runs[1]["collection"]["digest"]:
        raise ConfigError(f"{first} and {second} were mined from different collections")
    tables = [_outcomes(Path(folder)) for folder in (first, second)]
    keys = sorted(set(tables[0].column_names) & set(tables[1].column_names) - {"outcome"})
    both = tables[0].join(tables[1], keys=keys, right_suffix=".second", join_type="full outer")
    counts = both.group_by(["outcome", "outcome.second"]).aggregate([([], "count_all")]).to_pylist()
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
    }


def table(differences: dict[str, Any]) -> Table:
    """Returns the result of `compare` as a table for people."""
    shown = Table(title=f"{differences['first']} -> {differences['second']}")
    for heading in ("first", "second"):
        shown.add_column(heading)
    shown.add_column("candidates", justify="right")
    for name, count in differences["negatives"].items():
        shown.add_row("negatives", name.replace("_", " "), f"{count:,}")
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


def _is_negative(outcome: str) -> bool:
    return outcome.startswith(f"{Decision.NEGATIVE}:")
