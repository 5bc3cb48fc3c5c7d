"""Puts answers that the last call left in a run back into a cache that was damaged."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hardneg.core.files import read_regular
from hardneg.core.state_files import is_whole

ANSWERS = "answers.jsonl"
SUMMARY = "summary.json"
"""The files of the last call in its folder."""
_ASKED = ("models", "prompt", "options", "max_characters")
"""What an answer depends on, beside the pair."""
_FIELDS = ("query_id", "doc_id", "model", "answer")
_LOG = logging.getLogger(__name__)


def restore(folder: Path, described: Mapping[str, Any], asked: Sequence[Any], steps: Sequence[Any]) -> None:
    """Stores the answers of the last call that the cache has lost, if it asked for the same.

    What was `asked` are pairs, or lists of documents, as the steps take them.
    """
    before = next(_rows(folder / SUMMARY, lines=False), {})
    if any(before.get(name) != json.loads(json.dumps(described[name])) for name in _ASKED):
        return
    rows = [[row.get(name) for name in _FIELDS] for row in _rows(folder / ANSWERS)]
    texts = {(row[0], row[1], row[2]): row[3] for row in rows if all(isinstance(one, str) for one in row)}
    count = sum(int(step.restore(one, texts)) for one in asked for step in steps)
    if count:
        _LOG.warning("%s answers that the cache has lost were taken from %s", count, folder / ANSWERS)


def _rows(path: Path, *, lines: bool = True) -> Iterator[dict[str, Any]]:
    """Yields the objects of a file, one a line or one alone; what is damaged is skipped."""
    try:
        text = read_regular(path).decode(errors="replace")
    except OSError:
        return
    for part in text.split("\n") if lines else [text]:
        try:
            row = json.loads(part)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and is_whole(row):
            yield row
