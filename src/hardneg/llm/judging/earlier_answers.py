"""Puts answers that the last call left in a run back into a cache that was damaged."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hardneg.llm.judging.cascade import Step
from hardneg.llm.judging.pairs import Pair

ANSWERS = "answers.jsonl"
SUMMARY = "summary.json"
"""The files of the last call in its folder."""
_ASKED = ("models", "prompt", "options", "max_characters")
"""What an answer depends on, beside the pair."""
_LOG = logging.getLogger(__name__)


def restore(folder: Path, described: Mapping[str, Any], pairs: Sequence[Pair], steps: Sequence[Step]) -> None:
    """Stores the answers of the last call that the cache has lost, if it asked for the same."""
    before = next(_rows(folder / SUMMARY, lines=False), {})
    if any(before.get(name) != json.loads(json.dumps(described[name])) for name in _ASKED):
        return
    texts = {
        (row.get("query_id"), row.get("doc_id"), row.get("model")): row for row in _rows(folder / ANSWERS)
    }
    count = 0
    for pair in pairs:
        for step in steps:
            row = texts.get((pair.query_id, pair.doc_id, step.model.name), {})
            if isinstance(row.get("answer"), str) and step.restore(pair, row["answer"]):
                count += 1
    if count:
        _LOG.warning("%s answers that the cache has lost were taken from %s", count, folder / ANSWERS)


def _rows(path: Path, *, lines: bool = True) -> Iterator[dict[str, Any]]:
    """Yields the objects of a file, one a line or one alone; what cannot be read is skipped."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for part in text.split("\n") if lines else [text]:
        try:
            row = json.loads(part)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield row
