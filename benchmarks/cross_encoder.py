"""Trains a small cross-encoder on labelled collections, to be measured on others that it never saw.

python benchmarks/cross_encoder.py FOLDER... --out MODEL [--queries 1500] [--max-length 192]
python benchmarks/false_negatives.py OTHER --recipe default --recipe RECIPE.yaml

where RECIPE.yaml is the recipe `default` with `{cross-encoder: {model: MODEL}}` among its validators.

Training begins with all-MiniLM-L6-v2 and a new last layer, goes through the collections one after the other,
and draws its pairs as `cross-encoder: {train: true}` does.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from timing import machine

from hardneg.cli.progress import Bars
from hardneg.core.components import Context
from hardneg.core.files import cache_folder
from hardneg.core.records import Collection, Judgments
from hardneg.rankers.bm25 import Bm25
from hardneg.rankers.cross_encoder import CrossEncoder
from hardneg.rankers.cross_fit.fitting import FitSettings, fitted
from hardneg.rankers.cross_fit.training_pairs import training_pairs
from hardneg.sources import LoadOptions, load


def main(
    folders: list[str],
    out: Annotated[Path, typer.Option()],
    queries: int = 1500,
    max_length: int = 192,
    split: str = "train",
    base: str = "default",
) -> None:
    """Writes the model, trained on so many queries of each collection, drawn by their ids."""
    machine("sentence-transformers", "transformers")
    model = base
    with Bars() as bars:
        context = Context(cache_folder(), bars)
        for folder in folders:
            collection = sample(load(folder, LoadOptions(split=split, empty_texts="skip")), queries)
            pairs = training_pairs(collection, {"bm25": Bm25().open(collection, context)}, bars)
            settings = CrossEncoder(model, max_length=max_length)
            trained = fitted(
                settings, FitSettings(epochs=1), collection, pairs, context, f"train on {folder}"
            )
            print(f"{folder}: {len(np.unique(pairs.queries)):,} queries, {len(pairs.queries):,} pairs")
            model = str(trained)
    shutil.copytree(model, out)


def sample(whole: Collection, count: int) -> Collection:
    """Returns the collection with the judgments of some queries alone."""
    judgments = whole.judgments
    positives = judgments.queries_with_positives
    drawn = positives[np.argsort(whole.queries.id_keys[positives], kind="stable")[:count]]
    kept = np.isin(judgments.query, drawn)
    left = Judgments(
        judgments.query[kept], judgments.doc[kept], judgments.relevance[kept], judgments.min_relevance
    )
    return replace(whole, judgments=left, digest=f"{whole.digest} {count}")


if __name__ == "__main__":
    typer.run(main)
