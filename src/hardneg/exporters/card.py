"""The dataset card: what was mined, how, what was left out, and how to load and repeat it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from hardneg.core.components import FORMATS
from hardneg.core.components.format import usage
from hardneg.core.files import write_text

_PAPERS = {
    "bm25": "Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009",
    "naive": "Xiong et al., ANCE, arXiv:2007.00808",
    "rrf": "Cormack et al., Reciprocal Rank Fusion Outperforms Condorcet, SIGIR 2009",
    "relative-margin": "Moreira et al., NV-Retriever, arXiv:2407.15831",
    "absolute-margin": "Moreira et al., NV-Retriever, arXiv:2407.15831",
    "simans": "Zhou et al., SimANS, arXiv:2210.11773",
    "rocketqa": "Qu et al., RocketQA, arXiv:2010.08191",
    "bge": "Xiao et al., C-Pack, arXiv:2309.07597",
    "rlhn": "Thakur et al., Fixing Data That Hurts Performance (RLHN), arXiv:2505.16967",
}
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


def write_card(run: Mapping[str, Any], out: Path) -> None:
    """Writes the dataset card of a run."""
    export = _export(run)
    sections = [
        _front_matter(run, export),
        _introduction(run),
        _recipe(run),
        _counts(run, export),
        _quality(out.parent),
        _files(export),
        columns(out.parent, export["files"]),
        _loading(export),
        _reproducing(run),
        _limits(run, out.parent),
        models(run),
        _sources(run),
    ]
    write_text(out, "\n\n".join(section for section in sections if section) + "\n")


def _export(run: Mapping[str, Any]) -> Mapping[str, Any]:
    export = run.get("export") or {"format": run.get("format"), "files": run.get("files")}
    form = export.get("format") or ""
    return {
        **export,
        "format": str(next(iter(form), "")) if isinstance(form, Mapping) else str(form),
        "files": [str(file) for file in export.get("files") or ()],
    }


def _front_matter(run: Mapping[str, Any], export: Mapping[str, Any]) -> str:
    front: dict[str, Any] = {
        "pretty_name": f"Hard negatives for {_name(run)}",
        "task_categories": ["text-retrieval", "sentence-similarity"],
        "tags": ["hard-negatives", "information-retrieval", "hardneg"],
    }
    if export.get("rows") is not None:
        front["size_categories"] = [_size(int(export["rows"]))]
    configs = list(_configs(export["files"]))
    if configs:
        front["configs"] = configs
    return f"---\n{_yaml(front)}\n---"


def _configs(files: Iterable[str]) -> Iterable[dict[str, Any]]:
    """Yields a configuration for every file that `datasets` reads as a table."""
    for number, file in enumerate(files):
        if Path(file).suffix in (".jsonl", ".parquet"):
            name = "default" if number == 0 else Path(file).stem.rpartition(".")[2]
            yield {"config_name": name, "data_files": [{"split": "train", "path": file}]}


def _introduction(run: Mapping[str, Any]) -> str:
    collection = run.get("collection") or {}
    sizes = [f"{collection[key]:,} {key}" for key in ("documents", "queries") if key in collection]
    of = f" ({', '.join(sizes)})" if sizes else ""
    name = _name(run)
    return (
        f"# Hard negatives for {name}\n\n"
        f"Queries of {name}{of} with their relevant documents and **hard negatives**: documents that rank "
        "high for the query and are taken not to be relevant to it. The negatives were mined by "
        "[hardneg](https://pypi.org/project/hardneg/), not judged by people: some may be relevant after all. "
        "What became of every candidate, and why, stands in `ledger/`."
    )


def _recipe(run: Mapping[str, Any]) -> str:
    recipe = dict(run.get("recipe") or {})
    if not recipe:
        return ""
    about = [
        f"Recipe `{recipe.get('name', 'unnamed')}`: {' '.join(str(recipe.pop('description', '')).split())}",
        *([f"Seed: {run['seed']}."] if "seed" in run else []),
    ]
    rankers = run.get("rankers") or {}
    facts = f"\n\nRankers, as they ran:\n\n```yaml\n{_yaml(rankers)}\n```" if rankers else ""
    return "## How it was mined\n\n" + "\n\n".join(about) + f"\n\n```yaml\n{_yaml(recipe)}\n```{facts}"


def _counts(run: Mapping[str, Any], export: Mapping[str, Any]) -> str:
    counts = dict(run.get("counts") or {})
    dropped = counts.pop("dropped", None) or {}
    rows = [(name, number) for name, number in counts.items() if not isinstance(number, Mapping)]
    rows += [(f"dropped: {reason}", number) for reason, number in dropped.items()]
    rows += [(f"queries with fewer negatives: {why}", n) for why, n in (run.get("short") or {}).items()]
    rows += [(key, export[key]) for key in ("rows", "skipped") if key in export]
    rows += [(f"export: {reason}", number) for reason, number in (export.get("notes") or {}).items()]
    return "## Counts\n\n" + _table(("what", "count"), rows) if rows else ""


def _quality(folder: Path) -> str:
    """Returns the measured false-negative rate, empty where the run was not audited."""
    audit = read_audit(folder)
    if audit.get("rate") is None:
        return ""
    rate, low, high = (f"{100 * audit[key]:.1f} %" for key in ("rate", "low", "high"))
    method = str(audit.get("method", "")).replace("_", " ")
    judged = f", {audit['judged']:,} pairs" if audit.get("judged") else ""
    return (
        f"## False negatives\n\nAbout **{rate}** of the negatives are relevant after all "
        f"[{low}, {high}], {100 * audit.get('confidence', 0.95):.0f} % confidence ({method}{judged})."
    )


def _limits(run: Mapping[str, Any], folder: Path) -> str:
    """Returns what a user of the training set should know before using it."""
    known = ["Judgments of the source are taken as they are; an unjudged document may be relevant."]
    if read_audit(folder).get("rate") is None:
        known.append("The false-negative rate of these negatives was not measured.")
    short = sum((run.get("short") or {}).values())
    if short:
        known.append(f"{short:,} queries have fewer negatives than asked.")
    known.append("Negatives are hard for the rankers named here; another model may find them easy.")
    return "## Known limits\n\n" + "\n".join(f"- {limit}" for limit in known)


def _files(export: Mapping[str, Any]) -> str:
    if not export["files"]:
        return ""
    lines = [f"- `{file}`" for file in export["files"]]
    lines[0] += f": the training set, in the format `{export['format']}`"
    return "\n".join(
        [
            "## Files\n",
            *lines,
            "- `ledger/`: every candidate looked at, with scores, decision and reason",
            "- `run.json`: settings, versions, digests and counts of this run",
        ]
    )


def _loading(export: Mapping[str, Any]) -> str:
    if export["format"].replace("_", "-") not in FORMATS.names() or not export["files"]:
        return ""
    main = export["files"][0]
    text = usage(FORMATS.get(export["format"]), main)
    language = "python" if "import" in text else "yaml" if text.startswith("dataset:") else "sh"
    return f"## How to load it\n\n```{language}\n{text}\n```"


def _reproducing(run: Mapping[str, Any]) -> str:
    lines = []
    if run.get("command"):
        lines.append(f"```sh\n{run['command']}\n```")
    if run.get("versions"):
        lines.append(_table(("library", "version"), run["versions"].items()))
    digest = (run.get("collection") or {}).get("digest")
    if digest:
        lines.append(
            f"Digest of the collection (sha256): `{digest}`. "
            "The same data, recipe and seed give the same bytes."
        )
    return "## How to reproduce it\n\n" + "\n\n".join(lines) if lines else ""


def _sources(run: Mapping[str, Any]) -> str:
    recipe = run.get("recipe") or {}
    alone = len((recipe.get("rank") or {}).get("rankers") or ()) < 2
    used = [word for word in _PAPERS if f'"{word}' in json.dumps(recipe) and not (word == "rrf" and alone)]
    papers = dict.fromkeys(_PAPERS[word] for word in used)
    source = (
        [f"- Source: `{run['source']}`; its licence and citation apply to the texts."]
        if "source" in run
        else []
    )
    lines = [*source, *(f"- {paper}" for paper in papers)]
    return "## Sources and citations\n\n" + "\n".join(lines) if lines else ""


def _name(run: Mapping[str, Any]) -> str:
    return str((run.get("collection") or {}).get("name") or run.get("source") or "a collection")


def _size(rows: int) -> str:
    bounds = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
    return next(
        (name for bound, name in bounds if rows < bound), "1M<n<10M" if rows < 10**7 else "10M<n<100M"
    )


def _table(head: tuple[str, str], rows: Iterable[tuple[str, Any]]) -> str:
    shown = [f"| {name.replace('_', ' ')} | {f'{n:,}' if isinstance(n, int) else n} |" for name, n in rows]
    return "\n".join([f"| {head[0]} | {head[1]} |", "|---|---:|", *shown])


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).rstrip()


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
