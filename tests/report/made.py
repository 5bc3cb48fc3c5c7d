"""What a report reads of a run, made by hand."""

from collections import Counter
from pathlib import Path

import numpy as np

from hardneg.report.columns import GROUPS, Histogram, Histogram2D
from hardneg.report.summary import RunSummary
from hardneg.selection.draws.top import Top
from hardneg.selection.reasons import describe_reasons

RUN = {
    "source": None, "seed": 1, "command": None, "versions": {"python": "3.11"}, "seconds": {"rank": 100.0},
    "collection": {"name": "small", "documents": 1234, "notes": {}},
    "recipe": {
        "name": "own", "description": "What  it\ndoes.",
        "rank": {"rankers": [{"bm25": {}}], "order": "rrf", "depth": 50},
        "select": {
            "by": "bm25", "rules": [{"relative-margin": {"margin": 0.05, "by": None}}], "draw": {"top": {}},
            "negatives": 4, "anchor": "weakest",
        },
    },
    "rankers": {"bm25": {}}, "validation": {"validators": {}},
    "counts": {
        "queries": 10, "candidates": 200, "positives": 10, "negatives": 35,
        "dropped": {"surplus": 100, "relative_margin": 40, "query_text": 2},
    },
    "reasons": describe_reasons((), Top()),
    "short": {"rules_exhausted": 2, "corpus_exhausted": 1},
    "export": {"format": {"jsonl": {}}, "files": [], "rows": 10},
}  # fmt: skip


def summary(audit=None, uses=None, shared=None, negatives=(), rankers=("bm25",), checks=(), **run):
    """Returns the summary of ten queries; negatives by the distance that they score below their positive."""
    made = RunSummary(
        folder=Path("run"), run={**RUN, **run}, audit=audit, comparison=[],
        scores={name: Histogram(0, 1, GROUPS) for name in rankers}, margins=Histogram(-1, 1, GROUPS, bins=80),
        relative=True, probabilities=Histogram(-4, 0, GROUPS), checks=list(checks),
        margin_probabilities=Histogram2D(-1, 1, 30, -4, 0, 20),
        shared=np.zeros((len(rankers),) * 2) if shared is None else np.array(shared),
        queries=[f"q{n}" for n in range(10)], uses=Counter(uses or {}),
    )  # fmt: skip
    group = np.full(len(negatives), GROUPS.index("negative"), np.int8)
    made.margins.add(np.array(negatives, float), group)
    return made
