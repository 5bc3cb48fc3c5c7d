"""Writes a training set in a format and checks what was written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hardneg.core.components import FORMATS, Format
from hardneg.core.files import remove_unfinished
from hardneg.core.records import Example
from hardneg.exporters.weights import CountedExamples, left_out


def export(examples: Iterable[Example], form: Format, out: Path) -> dict[str, Any]:
    """Writes a training set, and returns `export` of `run.json`: files, rows, what was left out.

    Raises:
        DataError: The format cannot carry an example, or the disk is full.
    """
    counted = CountedExamples(examples)
    written = form.write(counted, out)
    for path in written.files:
        remove_unfinished(path)
    if written.rows:
        form.lint(out)
    return {
        "format": FORMATS.describe(form),
        "files": [path.name for path in written.files],
        "rows": written.rows,
        "skipped": written.skipped,
        "notes": {**written.notes, **left_out(counted, form)},
    }
