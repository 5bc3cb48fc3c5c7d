"""The dataset card: what was mined, how, what was left out, and how to load and repeat it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from hardneg.core import audit_info
from hardneg.core.components import FORMATS
from hardneg.core.components.format import usage
from hardneg.core.display import visible
from hardneg.core.errors import DataError
from hardneg.core.files import open_regular, write_text
from hardneg.exporters.markdown import block, code, plain
from hardneg.exporters.weights import weights_note

_PAPERS = {
    "bm25": "Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009",
    "naive": "Xiong et al., ANCE, arXiv:2007.00808",
    "rrf": "Cormack et al., Reciprocal Rank Fusion Outperforms Condorcet, SIGIR 2009",
    "relative-margin": "Moreira et al., NV-Retriever, arXiv:2407.15831",
    "absolute-margin": "Moreira et al., NV-Retriever, arXiv:2407.15831",
    "simans": "Zhou et al., SimANS, arXiv:2210.11773",
    "stratified": "Jang et al., Beyond Hard Negatives, arXiv:2604.04734",
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
_SIZES = (
    *((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M")),
    *((10**7, "1M<n<10M"), (math.inf, "10M<n<100M")),
)


def write_card(run: Mapping[str, Any], out: Path) -> None:
    """Writes the dataset card of a run, `README.md` in its directory, from what run.json holds."""
    files = [str(file) for file in run["export"]["files"]]
    audit = _audit(out.parent)
    sections = [
        _front_matter(run, files),
        _introduction(run),
        _recipe(run),
        _counts(run),
        _ranking(run),
        _scores(run),
        _positives(run),
        _relabelled(run),
        _quality(audit),
        _files(run, files),
        columns(out.parent, files, _meanings(run)),
        _weights(run),
        _loading(run, files),
        _reproducing(run),
        _limits(run, audit),
        _models(run),
        _sources(run),
    ]
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
    return f"---\n{_yaml(front | ({'configs': configs} if configs else {}))}\n---"


def _introduction(run: Mapping[str, Any]) -> str:
    collection = run["collection"]
    name = plain(collection["name"])
    return (
        f"# Hard negatives for {name}\n\n"
        f"Queries of {name} ({collection['documents']:,} documents, "
        f"{collection['queries']:,} queries) with their relevant documents and **hard negatives**: documents "
        "that rank high for the query and are taken not to be relevant to it. The negatives were mined by "
        "[hardneg](https://pypi.org/project/hardneg/), not judged by people: some may be relevant after all. "
        "What became of every candidate, and why, stands in `ledger/`."
    )


def _recipe(run: Mapping[str, Any]) -> str:
    recipe = dict(run["recipe"])
    description = plain(recipe.pop("description", ""))
    rankers = run["rankers"]
    facts = f"\n\nRankers, as they ran:\n\n{block('yaml', _yaml(rankers))}" if rankers else ""
    return (
        f"## How it was mined\n\nRecipe {code(recipe['name'])}: {description}\n\nSeed: {run['seed']}.\n\n"
        f"{block('yaml', _yaml(recipe))}{facts}"
    )


def _counts(run: Mapping[str, Any]) -> str:
    export, counts = run["export"], run["counts"]
    rows = [
        *((name, number) for name, number in counts.items() if name != "dropped"),
        *((f"dropped: {reason}", number) for reason, number in counts["dropped"].items()),
        *((f"queries with fewer negatives: {reason}", number) for reason, number in run["short"].items()),
        *((name, export[name]) for name in ("rows", "skipped")),
        *((f"export: {reason}", number) for reason, number in export["notes"].items()),
    ]
    return "## Counts\n\n" + _table(("what", "count"), rows)


def _ranking(run: Mapping[str, Any]) -> str:
    """Returns what each ranker makes of the known positives, empty without any."""
    rows = [
        f"| {name} | {own['mrr']:.3f} | {own['recall_at_10']:.3f} | {own['beyond_depth']:.1%} |"
        for name, own in (run.get("ranking") or {}).items()
    ]
    head = ["| ranker | MRR | recall@10 | beyond the depth |", "|---|---:|---:|---:|"]
    return "\n".join(["## Known positives by ranker\n", *head, *rows]) if rows else ""


_SCALES = {
    "raw": "as the ranker gave them",
    "probabilities": "as probabilities, the sigmoid of what the ranker gave",
    "logits": "as logits of the probabilities that the ranker gave",
    "z-scores": "as z-scores: mean 0 and deviation 1 over the documents of each row's query",
}


def _scores(run: Mapping[str, Any]) -> str:
    """Returns in which scale the scores of the training set are, empty where it has none."""
    own = run.get("scores")
    if not own:
        return ""
    return (
        f"## Scores\n\nScores are those of {code(own['ranker'])}, {_SCALES[own['scale']]}. It gave the "
        f"documents of this set from {own['low']:.4g} to {own['high']:.4g}."
    )


_ACTIONS = {"keep": "they were kept", "drop": "they were left out", "weight": "they weigh less"}


def _positives(run: Mapping[str, Any]) -> str:
    """Returns the estimated share of wrong positives, empty where it was not estimated."""
    own = run.get("positives") or {}
    if own.get("share") is None:
        return ""
    share, low, high = (f"{100 * own[key]:.1f} %" for key in ("share", "low", "high"))
    return (
        f"## Wrong positives\n\nAbout **{share}** of the labelled positives [{low}, {high}] are no more "
        "relevant to their query, by the rankers' scores, than positives of other queries are. "
        f"{own['suspected']:,} of {own['examined']:,} are wrong with a probability above {own['max_p']:g}: "
        f"{_ACTIONS[own['action']]} (column `p_noisy` of the ledger)."
    )


def _relabelled(run: Mapping[str, Any]) -> str:
    """Returns what judges relabelled, with examples, empty where they relabelled nothing."""
    verdicts, examples = run.get("verdicts") or {}, run.get("relabelled")
    if examples is None:
        return ""
    head = "| query | document | was | became | grade |\n|---|---|---|---|---:|"
    rows = [
        f"| {plain(row['query'])} | {plain(row['document'])} | {row['was']} | {row['became']} | "
        f"{'' if row['grade'] is None else format(row['grade'], 'g')} |"
        for row in examples
    ]
    return (
        f"## Relabelled\n\nOf {verdicts['pairs']:,} judged pairs {verdicts['relabelled']:,} became positives "
        f"and {verdicts['partly_relevant']:,} were left out, as they answer in part. "
        f"{verdicts['removed']:,} negatives went and {verdicts['added']:,} came, by verdicts of people or "
        "language models in `judgments.jsonl` of the run that this one was selected from. Examples:\n\n"
        + "\n".join([head, *rows])
    )


def _quality(audit: Mapping[str, Any]) -> str:
    """Returns the measured false-negative rate, empty where the run was not audited."""
    if audit.get("rate") is None:
        return ""
    rate, low, high = (f"{100 * audit[key]:.1f} %" for key in ("rate", "low", "high"))
    method = str(audit.get("method", "")).replace("_", " ")
    judged = f", {audit['judged']:,} pairs" if audit.get("judged") else ""
    return (
        f"## False negatives\n\nAbout **{rate}** of the negatives are relevant after all "
        f"[{low}, {high}], {100 * audit.get('confidence', 0.95):.0f} % confidence ({plain(method)}{judged})."
    )


def _limits(run: Mapping[str, Any], audit: Mapping[str, Any]) -> str:
    """Returns what a user of the training set should know before using it."""
    known = [f"**{warning['text']}**" for warning in run.get("warnings") or ()]
    known.append("Judgments of the source are taken as they are; an unjudged document may be relevant.")
    if audit.get("rate") is None:
        known.append("The false-negative rate of these negatives was not measured.")
    short = sum(run["short"].values())
    if short:
        known.append(f"{short:,} queries have fewer negatives than asked.")
    known.append("Negatives are hard for the rankers named here; another model may find them easy.")
    return "## Known limits\n\n" + "\n".join(f"- {limit}" for limit in known)


def _files(run: Mapping[str, Any], files: Sequence[str]) -> str:
    main, *others = (f"- {code(file)}" for file in files)
    return "\n".join(
        [
            f"## Files\n\n{main}: the training set, in the format {code(_format(run))}",
            *others,
            "- `ledger/`: every candidate looked at, with scores, decision and reason",
            "- `run.json`: settings, versions, digests and counts of this run",
        ]
    )


def _loading(run: Mapping[str, Any], files: Sequence[str]) -> str:
    """Returns how a trainer reads the training set, empty where it is in no format of hardneg."""
    if _format(run) not in FORMATS.names():
        return ""
    text = usage(FORMATS.get(_format(run)), files[0])
    language = "python" if "import" in text else "yaml" if text.startswith("dataset:") else "sh"
    return f"## How to load it\n\n{block(language, text)}"


def _reproducing(run: Mapping[str, Any]) -> str:
    lines = [block("sh", run["command"])] if run["command"] else []
    lines.append(_table(("library", "version"), run["versions"].items()))
    lines.append(
        f"Digest of the collection (sha256): {code(run['collection']['digest'])}. "
        "The same data, recipe and seed give the same bytes."
    )
    return "## How to reproduce it\n\n" + "\n\n".join(lines)


def _sources(run: Mapping[str, Any]) -> str:
    alone = len(run["recipe"]["rank"]["rankers"]) < 2
    recipe = json.dumps(run["recipe"])
    used = [word for word in _PAPERS if f'"{word}' in recipe and not (word == "rrf" and alone)]
    lines = [
        f"- Source: {code(run['source'])}; its licence and citation apply to the texts.",
        *(f"- {paper}" for paper in dict.fromkeys(_PAPERS[word] for word in used)),
    ]
    return "## Sources and citations\n\n" + "\n".join(lines)


def _format(run: Mapping[str, Any]) -> str:
    form = run["export"]["format"]
    return str(next(iter(form)) if isinstance(form, Mapping) else form)


def _table(head: tuple[str, str], rows: Iterable[tuple[str, Any]]) -> str:
    shown = [
        f"| {plain(name.replace('_', ' '))} | {f'{n:,}' if isinstance(n, int) else plain(n)} |"
        for name, n in rows
    ]
    return "\n".join([f"| {head[0]} | {head[1]} |", "|---|---:|", *shown])


def _yaml(value: Any) -> str:
    return visible(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)).rstrip()


def _weights(run: Mapping[str, Any]) -> str:
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


def _meanings(run: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns the meanings of columns that the format's options decide, {} in no format of hardneg."""
    if _format(run) not in FORMATS.names():
        return {}
    return FORMATS.make(run["export"]["format"]).meanings()


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


def _models(run: Mapping[str, Any]) -> str:
    """Returns the section on the models that scored, empty where none did."""
    rows = []
    for ranker in run["recipe"]["rank"]["rankers"]:
        [(kind, settings)] = ranker.items() if isinstance(ranker, Mapping) else [(str(ranker), {})]
        model = (settings or {}).get("model")
        if model:
            name = "all-MiniLM-L6-v2" if model == "default" else str(model)
            rows.append(f"| {code(name)} | {plain(kind)} | {_LICENCES.get(name, 'see the model')} |")
    if not rows:
        return ""
    return "\n".join(["## Models\n", "| model | used as | licence |", "|---|---|---|", *rows])


def _audit(folder: Path) -> Mapping[str, Any]:
    """Returns the run's audit.json, {} where there is none that can be read."""
    try:
        return audit_info.read(folder) or {}
    except DataError:
        return {}


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
