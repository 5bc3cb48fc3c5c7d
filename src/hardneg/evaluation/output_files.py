"""Writes an evaluation: the summary, the values per query, and the runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hardneg.core.files import write_text
from hardneg.evaluation import Evaluation
from hardneg.evaluation.runs import write

SUMMARY = "evaluation.json"
PER_QUERY = "per_query.tsv"


def save(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Writes `evaluation.json`, `per_query.tsv` and `runs/NAME.trec`; returns their paths.

    Raises:
        DataError: They cannot be written.
    """
    lines = ["system\tquery_id\tmeasure\tvalue"]
    for system in evaluation.systems:
        for measure, values in system.values.items():
            for query, value in zip(evaluation.query_ids, values.tolist(), strict=True):
                lines.append(f"{system.name}\t{query}\t{measure}\t{value!r}")
    written = [folder / PER_QUERY, folder / SUMMARY]
    write_text(written[0], "".join(f"{line}\n" for line in lines))
    for system in evaluation.systems:
        written.append(folder / "runs" / f"{file_name(system.name)}.trec")
        write(system.run, written[-1])
    write_text(written[1], json.dumps(evaluation.facts(), indent=2, ensure_ascii=False) + "\n")
    return written


def file_name(name: str) -> str:
    """Returns a name without characters that file systems refuse."""
    return re.sub(r"[^\w.+-]+", "_", name).strip("._") or "run"
