"""What the dataset card says of files and models, read from the files themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_MEANING = {
    "anchor": "the query",
    "query": "the query",
    "positive": "a relevant document",
    "pos": "relevant documents",
    "neg": "negatives, the hardest first",
    "negative": "a negative",
    "positives": "relevant documents",
    "negatives": "negatives, the hardest first",
    "positive_passages": "relevant documents",
    "negative_passages": "negatives, the hardest first",
    "query_id": "the query's id in the source",
    "label": "1 for relevant documents, 0 for negatives",
    "labels": "1 for relevant documents, 0 for negatives",
    "score": "the ranker's score",
    "scores": "the ranker's scores",
    "pos_scores": "the ranker's scores of the relevant documents",
    "neg_scores": "the ranker's scores of the negatives",
}
_LICENCES = {"all-MiniLM-L6-v2": "Apache 2.0"}


def columns(folder: Path, files: Iterable[str]) -> str:
    """Returns the section on the columns of the main file, empty where it is no table."""
    main = next(iter(files), "")
    found = _columns(folder / main) if main else {}
    if not found:
        return ""
    rows = [f"| `{name}` | {kind} | {_meaning(name)} |" for name, kind in found.items()]
    return "\n".join([f"## Columns of `{main}`\n", "| column | type | meaning |", "|---|---|---|", *rows])


def models(run: Mapping[str, Any]) -> str:
    """Returns the section on the models that scored, empty where none did."""
    rows = []
    for ranker in ((run.get("recipe") or {}).get("rank") or {}).get("rankers") or ():
        [(kind, settings)] = ranker.items() if isinstance(ranker, Mapping) else [(str(ranker), {})]
        model = (settings or {}).get("model")
        if model:
            name = "all-MiniLM-L6-v2" if model == "default" else str(model)
            rows.append(f"| `{name}` | {kind} | {_LICENCES.get(name, 'see the model')} |")
    if not rows:
        return ""
    return "\n".join(["## Models\n", "| model | used as | licence |", "|---|---|---|", *rows])


def read_audit(folder: Path) -> Mapping[str, Any]:
    """Returns the run's audit.json, {} where there is none."""
    try:
        audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return audit if isinstance(audit, Mapping) else {}


def _columns(path: Path) -> dict[str, str]:
    """Returns {column: type} of a table, {} of anything else."""
    try:
        if path.suffix == ".parquet":
            return {field.name: str(field.type) for field in pq.read_schema(path)}
        with path.open(encoding="utf-8") as lines:
            row = json.loads(lines.readline())
    except (OSError, ValueError, RecursionError, pa.ArrowException):
        return {}
    return {name: _kind(value) for name, value in row.items()} if isinstance(row, Mapping) else {}


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"list of {_kind(value[0])}" if value else "list"
    return {str: "string", bool: "bool", int: "int", float: "float", dict: "object"}.get(type(value), "null")


def _meaning(name: str) -> str:
    stem = name.rstrip("0123456789").rstrip("_")
    return _MEANING.get(name) or _MEANING.get(stem, "")
