"""The dataset card: what was mined, how, what was left out, and how to load and repeat it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hardneg.core import audit_info
from hardneg.core.errors import DataError
from hardneg.core.files import write_text
from hardneg.exporters.card import origin, quality, training_set
from hardneg.exporters.card.text import yaml_text
from hardneg.exporters.markdown import code, plain
from hardneg.exporters.weights import format_name

_SIZES = (
    *((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M")),
    *((10**7, "1M<n<10M"), (math.inf, "10M<n<100M")),
)


def write_card(run: Mapping[str, Any], out: Path) -> None:
    """Writes the dataset card of a run, `README.md` in its directory, from what run.json holds."""
    export, audit = run["export"], _audit(out.parent)
    sections = [
        _front_matter(run, export["files"]),
        _introduction(run),
        origin.recipe(run),
        origin.counts(run),
        quality.ranking(run),
        training_set.scores(run),
        quality.positives(run),
        quality.relabelled(run),
        quality.false_negatives(audit),
        _files(run, export["files"]),
        training_set.columns(out.parent, export["files"], training_set.meanings(export)),
        training_set.weights(run),
        training_set.prompts(export),
        training_set.loading(export),
        origin.reproducing(run),
        quality.limits(run, audit),
        origin.models(run),
        origin.sources(run),
    ]
    write_sections(sections, out)


def write_sections(sections: Sequence[str], out: Path) -> None:
    """Writes the sections of a card that are not empty."""
    write_text(out, "\n\n".join(section for section in sections if section) + "\n")


def _front_matter(run: Mapping[str, Any], files: Sequence[str]) -> str:
    front = {
        "pretty_name": f"Hard negatives for {run['collection']['name']}",
        "task_categories": ["text-retrieval", "sentence-similarity"],
        "tags": ["hard-negatives", "information-retrieval", "hardneg"],
        "size_categories": [next(name for bound, name in _SIZES if run["export"]["rows"] < bound)],
    }
    tables = [file for file in files if Path(file).suffix in (".jsonl", ".parquet")]
    configs = [
        {
            "config_name": "default" if file == files[0] else Path(file).stem.rpartition(".")[2],
            "data_files": [{"split": "train", "path": file}],
        }
        for file in tables
    ]
    return f"---\n{yaml_text(front | ({'configs': configs} if configs else {}))}\n---"


def _introduction(run: Mapping[str, Any]) -> str:
    collection = run["collection"]
    name = plain(collection["name"])
    return (
        f"# Hard negatives for {name}\n\n"
        f"Queries of {name} ({collection['documents']:,} documents, "
        f"{collection['queries']:,} queries) with their relevant documents and **hard negatives**: documents "
        "that rank high for the query and are taken not to be relevant to it. The negatives were mined by "
        "[hardneg](https://pypi.org/project/hardneg/), not judged by people: some may be relevant after all. "
        f"What became of every candidate, and why, stands in `ledger/`.{_chunks(collection)}"
    )


def _chunks(collection: Mapping[str, Any]) -> str:
    """Returns a paragraph on documents that were cut into chunks, empty where they were not."""
    chunks = collection.get("chunks")
    if not chunks:
        return ""
    cut = f"{chunks['longer']:,} of {chunks['documents']:,}"
    positives = "all chunks are positives" if chunks["positives"] == "all" else "the best chunk is positive"
    return (
        f"\n\nDocuments of more than {chunks['tokens']:,} tokens ({cut}) were cut into chunks, whose ids are "
        f"that of the document, `#` and a number. Of a relevant document {positives}, and none is a negative."
    )


def _files(run: Mapping[str, Any], files: Sequence[str]) -> str:
    main, *others = (f"- {code(file)}" for file in files)
    form = code(format_name(run["export"]))
    return "\n".join(
        [
            f"## Files\n\n{main}: the training set, in the format {form}",
            *others,
            "- `ledger/`: every candidate looked at, with scores, decision and reason",
            "- `run.json`: settings, versions, digests and counts of this run",
        ]
    )


def _audit(folder: Path) -> Mapping[str, Any]:
    """Returns the run's audit.json, {} where there is none that can be read."""
    try:
        return audit_info.read(folder) or {}
    except DataError:
        return {}
