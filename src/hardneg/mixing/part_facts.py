"""What a card and a report say of a part: prompts, hardness, false negatives, examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc

from hardneg.auditing.negatives import hardness
from hardneg.core import audit_info
from hardneg.core.records import Decision, Example, Scored
from hardneg.exporters.rows import number
from hardneg.mixing.part import Part
from hardneg.runs import ledger

TEXT = 320
"""Characters of a text that are shown."""
_EXAMPLES, _NEGATIVES = 5, 5
"""Examples of a part and negatives of each that are shown."""


def part_facts(part: Part, used: Sequence[int]) -> dict[str, Any]:
    """Returns what mix.json holds of a part beside its counts, by the rows that the mixture has of it.

    `hardness` is that of the negatives by the run's ranker. `expected` is the mean probability of all
    negatives of the run to be false, None where it has no probabilities; `measured` is the rate by its audit.
    """
    distinct = sorted(set(used))
    prompts = part.prompts(distinct)
    audit = audit_info.read(part.run.directory) or {}
    return {
        "recipe": part.run.info["recipe"]["name"],
        "prompt": part.settings.prompt,
        "prompts": {
            "rows": sum(map(bool, prompts)),
            "distinct": len(set(prompts) - {""}),
            "first": next((each[:TEXT] for each in prompts if each), ""),
        },
        "hardness": {"by": part.run.scorer, **_hardness(part, distinct)},
        "false_negatives": {
            "expected": _expected(part),
            "measured": {name: audit[name] for name in ("rate", "low", "high", "method")} if audit else None,
        },
        "examples": [_example(example) for example in part.examples(_spread(used))],
    }


def _spread(used: Sequence[int]) -> list[int]:
    """Returns a few rows from all over the mixture."""
    return list(dict.fromkeys(used[:: -(-len(used) // _EXAMPLES)]))


def _hardness(part: Part, numbers: Sequence[int]) -> dict[str, float | None]:
    rows = [part.rows[each] for each in numbers]
    counts = [len(row.negatives) for row in rows]
    scores = np.array([score for row in rows for score in row.scores[1:]], np.float64)
    anchors = np.repeat(np.array([row.scores[0] for row in rows], np.float64), counts)
    found = hardness(scores, anchors, np.zeros(len(scores), np.int32))
    return {name: found[name] for name in ("score", "relative_margin")}


def _expected(part: Part) -> float | None:
    total = count = 0.0
    for block in ledger.iterate(part.run.directory):
        if "p_false_negative" in block.table.column_names:
            own = block.table.filter(pc.equal(block.table["decision"], Decision.NEGATIVE))
            known = own.filter(pc.is_valid(own["p_false_negative"]))
            copies = known["copies"].to_numpy()
            total += float((known["p_false_negative"].to_numpy().astype(np.float64) * copies).sum())
            count += float(copies.sum())
    return round(total / count, 6) if count else None


def _example(example: Example) -> dict[str, Any]:
    return {
        "query_id": example.query_id,
        "query": example.query[:TEXT],
        "positives": [_document(each) for each in example.positives],
        "negatives": [_document(each) for each in example.negatives[:_NEGATIVES]],
        "n_negatives": len(example.negatives),
    }


def _document(document: Scored) -> dict[str, Any]:
    return {
        "doc_id": document.doc_id,
        "title": document.title[:TEXT],
        "text": document.text[:TEXT],
        "score": number(document.score),
        "weight": number(document.weight),
    }
