"""Measures the false negatives of recipes where the truth is known: some positives are hidden, then mined.

Of every query with several positives one is kept, chosen by its id; the others stay in the corpus, as
documents that nobody labelled. A negative that is one of them is a false negative. The rate is a lower
bound: documents that are relevant and that the collection's judges never saw are not counted.

    python benchmarks/false_negatives.py FOLDER [--split test] [--recipe naive --recipe perc-pos ...]
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from hardneg import pipeline
from hardneg.console import Bars
from hardneg.ledger import TrainingSet
from hardneg.load import LoadOptions, load
from hardneg.recipe import Recipe
from hardneg.records import Collection, Judgments

RECIPES = ["naive", "shifted", "margin-pos", "perc-pos", "default"]


def main(
    folder: str,
    split: str = "test",
    recipe: Annotated[list[str] | None, typer.Option()] = None,
    negatives: int = 4,
    min_relevance: int = 1,
) -> None:
    """Prints, for each recipe, how many of its negatives are hidden positives, with a 95 % interval."""
    whole = load(folder, LoadOptions(split=split, min_relevance=min_relevance))
    visible, hidden = hide(whole)
    print(f"{whole.name}: {len(hidden):,} queries, {sum(map(len, hidden.values())):,} hidden positives")
    for name in recipe or RECIPES:
        chosen = Recipe.named(name, ["format=jsonl"], select__negatives=negatives)
        with tempfile.TemporaryDirectory() as out, Bars() as bars:
            result = pipeline.mine(visible, chosen, Path(out) / "run", progress=bars)
            false, total = count(result.training_set, hidden)
        low, high = wilson(false, total)
        rate = f"{false / total:6.1%}  [{low:.1%}, {high:.1%}]" if total else "none"
        print(f"{name:12s} {total:6,} negatives, {false:5,} false: {rate}", flush=True)


def hide(whole: Collection) -> tuple[Collection, dict[str, set[str]]]:
    """Returns the collection with one positive a query, and the ids of the others by query id."""
    judgments = whole.judgments
    keep = judgments.relevance < judgments.min_relevance
    hidden: dict[str, set[str]] = {}
    for query in judgments.queries_with_positives:
        positives = judgments.positives(int(query))
        kept = positives[int(whole.queries.id_keys[query] % np.uint64(len(positives)))]
        if len(positives) > 1:
            rest = positives[positives != kept]
            hidden[whole.queries.ids([query])[0]] = set(whole.documents.ids(rest))
            keep |= (judgments.query == query) & (judgments.doc == kept)
    query_rows = whole.queries.rows(list(hidden))
    keep &= np.isin(judgments.query, query_rows)
    left = Judgments(
        judgments.query[keep], judgments.doc[keep], judgments.relevance[keep], judgments.min_relevance
    )
    return replace(whole, judgments=left, digest=f"{whole.digest}, positives hidden"), hidden


def count(training_set: TrainingSet, hidden: dict[str, set[str]]) -> tuple[int, int]:
    """Returns (false negatives, negatives) over all examples."""
    chosen = [(e.query_id, negative.doc_id) for e in training_set for negative in e.negatives]
    return sum(doc_id in hidden[query_id] for query_id, doc_id in chosen), len(chosen)


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Returns the 95 % interval of a rate (Wilson 1927)."""
    if not total:
        return 0.0, 1.0
    rate, spread = hits / total, z * z / total
    middle = (rate + spread / 2) / (1 + spread)
    reach = z / (1 + spread) * math.sqrt(rate * (1 - rate) / total + spread / (4 * total))
    return middle - reach, middle + reach


if __name__ == "__main__":
    typer.run(main)
