"""What the files of a training set hold, and how they are loaded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hardneg.core.components import FORMATS
from hardneg.core.components.format import usage
from hardneg.core.errors import DataError
from hardneg.core.files import open_regular
from hardneg.exporters.markdown import block, code, plain
from hardneg.exporters.weights import format_name, prompts_note, weights_note

_MEANING = {
    "anchor": "the query",
    "query": "the query",
    "prompt": "the source's instruction for the query, empty where it has none",
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
_SCALES = {
    "raw": "as the ranker gave them",
    "probabilities": "as probabilities, the sigmoid of what the ranker gave",
    "logits": "as logits of the probabilities that the ranker gave",
    "z-scores": "as z-scores: mean 0 and deviation 1 over the documents of each row's query",
}


def columns(folder: Path, files: Iterable[str], meanings: Mapping[str, str]) -> str:
    """Returns the section on the columns of the main file, empty where it is no table."""
    main = next(iter(files), "")
    found = _columns(folder / main) if main else {}
    if not found:
        return ""
    rows = [
        f"| {code(name)} | {plain(kind)} | {meanings.get(name) or _meaning(name)} |"
        for name, kind in found.items()
    ]
    return "\n".join([f"## Columns of {code(main)}\n", "| column | type | meaning |", "|---|---|---|", *rows])


def meanings(export: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns the meanings of columns that the format's options decide, {} in no format of hardneg."""
    return FORMATS.make(export["format"]).meanings() if format_name(export) in FORMATS.names() else {}


def scores(run: Mapping[str, Any]) -> str:
    """Returns in which scale the scores of the training set are, empty where it has none."""
    own = run.get("scores")
    if not own:
        return ""
    return (
        f"## Scores\n\nScores are those of {code(own['ranker'])}, {_SCALES[own['scale']]}. It gave the "
        f"documents of this set from {own['low']:.4g} to {own['high']:.4g}."
    )


def weights(run: Mapping[str, Any]) -> str:
    """Returns what became of the probabilities of false negatives in the training set, empty if nothing."""
    if run["recipe"]["select"].get("attenuate"):
        passed = run["counts"]["dropped"].get("attenuated", 0)
        return (
            "## Attenuation\n\nEach candidate that the rules allow was left out with its probability of "
            "being a false negative, so that negatives were drawn in proportion to 1 less that probability: "
            f"{passed:,} were left out (seed {run['seed']}, by query and document). All negatives weigh 1."
        )
    note = weights_note(run["export"])
    return f"## Weights\n\nNote: {note}." if note else ""


def prompts(export: Mapping[str, Any]) -> str:
    """Returns that the format has no place for prompts, empty where none were left out."""
    note = prompts_note(export)
    return f"## Prompts\n\nNote: {note}." if note else ""


def loading(export: Mapping[str, Any]) -> str:
    """Returns how a trainer reads the training set, empty where it is in no format of hardneg."""
    name = format_name(export)
    if name not in FORMATS.names():
        return ""
    text = usage(FORMATS.get(name), export["files"][0])
    language = "python" if "import" in text else "yaml" if text.startswith("dataset:") else "sh"
    return f"## How to load it\n\n{block(language, text)}"


def _columns(path: Path) -> dict[str, str]:
    """Returns {column: type} of a table, {} of anything else."""
    try:
        with open_regular(path) as opened:
            if path.suffix == ".parquet":
                return {field.name: str(field.type) for field in pq.read_schema(opened)}
            row = json.loads(opened.readline())
    except (DataError, OSError, ValueError, RecursionError, pa.ArrowException):
        return {}
    return {name: _kind(value) for name, value in row.items()} if isinstance(row, Mapping) else {}


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"list of {_kind(value[0])}" if value else "list"
    return {str: "string", bool: "bool", int: "int", float: "float", dict: "object"}.get(type(value), "null")


def _meaning(name: str) -> str:
    stem = name.rstrip("0123456789").rstrip("_")
    return _MEANING.get(name) or _MEANING.get(stem, "")
