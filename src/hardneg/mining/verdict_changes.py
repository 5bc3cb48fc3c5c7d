"""What verdicts changed in a run: its negatives with and without them, and examples where they relabel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hardneg.calibration.calibration import Calibration
from hardneg.core.exclusions import PARTLY_RELEVANT
from hardneg.core.records import RELABELLED, Collection, Decision
from hardneg.mining.miner import Reselector
from hardneg.mining.recipe import Recipe
from hardneg.runs.ledger import Ledger
from hardneg.runs.table import first_pairs

_KEYS = ("query_id", "positive_id", "doc_id")
_SHOWN = 5
"""Examples of each change."""

_CHARACTERS = 200
_BECAME = {RELABELLED: Decision.POSITIVE, PARTLY_RELEVANT: Decision.DROPPED}


def verdict_changes(
    ledger: Ledger, collection: Collection, recipe: Recipe, calibration: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Returns run.json's `verdicts`, counts, and `relabelled`, examples; without verdicts neither.

    The negatives without verdicts are selected from the same candidates.
    """
    validators = recipe.validation.validators
    judges = zip(recipe.validation.names, validators, strict=True)
    names = [f"evidence.{name}" for name, validator in judges if validator.judges]
    relabels = any(validator.relabels for validator in validators)
    if not names:
        return {}
    without = Reselector(collection, _without_verdicts(recipe), ledger, {})
    learned = None if calibration is None else Calibration.build(calibration)
    if learned is not None:
        without.use(replace(learned, scale=1.0))
    counts: Counter[str] = Counter()
    changes: list[dict[str, Any]] = []
    for number, block in enumerate(ledger):
        table = first_pairs(block.table)
        judged = [pc.is_valid(table[name]) for name in names if name in table.column_names]
        table = table.append_column("judged", pa.array(np.logical_or.reduce([np.asarray(m) for m in judged])))
        counts["pairs"] += pc.sum(table["judged"], min_count=0).as_py()
        before, after = _negatives(without.block(number).table), _negatives(block.table)
        counts["negatives"] += len(after)
        counts["negatives_without"] += len(before)
        counts["removed"] += len(before - after)
        counts["added"] += len(after - before)
        if relabels:
            found = _changed(table, {(key[0], key[-1]) for key in before})
            counts.update({name: 0 for name in _BECAME})
            counts.update(row["reason"] for row in found if row["reason"] in _BECAME)
            changes += found
    if not counts["pairs"]:
        return {}
    scale = 1.0 if learned is None else learned.scale
    shown = {"relabelled": _examples(changes, collection)} if relabels else {}
    return {"verdicts": {**counts, "scale": round(scale, 4)}, **shown}


def _changed(table: pa.Table, before: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """Returns query_id, doc_id, grade, reason, was and became of the judged rows that verdicts changed."""
    columns = [
        name for name in ("query_id", "doc_id", "decision", "reason", "grade") if name in table.column_names
    ]
    rows = table.filter(table["judged"]).select(columns).to_pylist()
    for row in rows:
        row["was"] = Decision.NEGATIVE if (row["query_id"], row["doc_id"]) in before else Decision.DROPPED
        row["became"] = _BECAME.get(row["reason"], row["decision"])
    return [row for row in rows if row["reason"] in _BECAME or row["was"] != row["became"]]


def _examples(changes: list[dict[str, Any]], collection: Collection) -> list[dict[str, Any]]:
    """Returns the first changes of each kind, negatives that became something else first, with texts."""
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in sorted(
        changes, key=lambda row: (row["was"] != Decision.NEGATIVE, row["became"] != "positive")
    ):
        kinds.setdefault((row["was"], row["became"]), []).append(row)
    chosen = [row for rows in kinds.values() for row in rows[:_SHOWN]]
    queries = collection.queries.texts(collection.queries.rows([row["query_id"] for row in chosen]))
    docs = collection.documents.texts(collection.documents.rows([row["doc_id"] for row in chosen]))
    return [
        {
            **{name: row.get(name) for name in ("query_id", "doc_id", "was", "became", "grade")},
            "query": query[:_CHARACTERS],
            "document": document[:_CHARACTERS],
        }
        for row, query, document in zip(chosen, queries, docs, strict=True)
    ]


def _without_verdicts(recipe: Recipe) -> Recipe:
    others = tuple(validator for validator in recipe.validation.validators if not validator.judges)
    validation = recipe.validation.model_copy(update={"validators": others})
    return recipe.model_copy(update={"validation": validation})


def _negatives(table: pa.Table) -> set[tuple[str, ...]]:
    kept = table.filter(pc.greater(table["copies"], 0))
    return set(zip(*(kept[name].to_pylist() for name in _KEYS if name in kept.column_names), strict=True))
