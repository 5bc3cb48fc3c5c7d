"""Where a training set comes from: recipe, counts, models, sources, and how to repeat it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hardneg.exporters.card.text import table, yaml_text
from hardneg.exporters.markdown import block, code, plain

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
_LICENCES = {"all-MiniLM-L6-v2": "Apache 2.0"}


def recipe(run: Mapping[str, Any]) -> str:
    """Returns the recipe, and the rankers as they ran."""
    recipe = dict(run["recipe"])
    description = plain(recipe.pop("description", ""))
    rankers = run["rankers"]
    facts = f"\n\nRankers, as they ran:\n\n{block('yaml', yaml_text(rankers))}" if rankers else ""
    return (
        f"## How it was mined\n\nRecipe {code(recipe['name'])}: {description}\n\nSeed: {run['seed']}.\n\n"
        f"{block('yaml', yaml_text(recipe))}{facts}"
    )


def counts(run: Mapping[str, Any]) -> str:
    """Returns what became of queries, candidates and rows."""
    export, counts = run["export"], run["counts"]
    rows = [
        *((name, number) for name, number in counts.items() if name != "dropped"),
        *((f"dropped: {reason}", number) for reason, number in counts["dropped"].items()),
        *((f"queries with fewer negatives: {reason}", number) for reason, number in run["short"].items()),
        *((name, export[name]) for name in ("rows", "skipped")),
        *((f"export: {reason}", number) for reason, number in export["notes"].items()),
    ]
    return "## Counts\n\n" + table(("what", "count"), rows)


def reproducing(run: Mapping[str, Any]) -> str:
    """Returns the command, the versions and the digest of the collection."""
    lines = [block("sh", run["command"])] if run["command"] else []
    lines.append(table(("library", "version"), run["versions"].items()))
    lines.append(
        f"Digest of the collection (sha256): {code(run['collection']['digest'])}. "
        "The same data, recipe and seed give the same bytes."
    )
    return "## How to reproduce it\n\n" + "\n\n".join(lines)


def models(run: Mapping[str, Any]) -> str:
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


def sources(run: Mapping[str, Any]) -> str:
    """Returns the source and the papers of what the recipe names."""
    alone = len(run["recipe"]["rank"]["rankers"]) < 2
    recipe = json.dumps(run["recipe"])
    source = (run["collection"].get("chunks") or run)["source"]
    used = [word for word in _PAPERS if f'"{word}' in recipe and not (word == "rrf" and alone)]
    lines = [
        f"- Source: {code(source)}; its licence and citation apply to the texts.",
        *(f"- {paper}" for paper in dict.fromkeys(_PAPERS[word] for word in used)),
    ]
    return "## Sources and citations\n\n" + "\n".join(lines)
