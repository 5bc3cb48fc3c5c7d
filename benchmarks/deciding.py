"""Deciding and writing at scale: a run over given vectors, and deciding on it again by other recipes.

python benchmarks/deciding.py [--queries 100000] [--documents 50000] [--depth 200] [--recipes naive,abs,...]
"""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import typer
from timing import clustered, machine

from hardneg import Collection, Recipe, mine
from hardneg.load.builder import CollectionBuilder, LoadOptions
from hardneg.pipeline import select

RECIPES = "shifted,abs,margin-pos,perc-pos,sampled,simans"
DIMENSION = 64


def main(queries: int = 100_000, documents: int = 50_000, depth: int = 200, recipes: str = RECIPES) -> None:
    """Prints the seconds of each stage: first of `naive` with ranking, then of each recipe on its ledger."""
    machine("pyarrow", "numba")
    print(f"{queries:,} queries, {documents:,} documents, depth {depth}\n")
    print("| seconds | rank, decide, write | export | processor time of the whole |\n|---|---|---|---|")
    with TemporaryDirectory() as folder:
        collection = made(queries, documents, Path(folder))
        run = Path(folder) / "run"
        ranked = (f"rank.rankers=[{json.dumps(f'vectors:{folder}')}]", f"rank.depth={depth}")
        begin = time.process_time()
        told = mine(collection, Recipe.named("naive", ranked), run).run["seconds"]
        row("naive", told["rank and select"], told["export"], begin)
        for name in recipes.split(","):
            begin = time.process_time()
            recipe = Recipe.named(name, ranked)
            told = select(run, recipe, Path(folder) / name, collection=collection).run["seconds"]
            row(f"`select` by {name}", told["select"], told["export"], begin)
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def row(name: str, decide: float, export: float, begin: float) -> None:
    """Prints one row of the table."""
    print(f"| {name} | {decide:.1f} | {export:.1f} | {time.process_time() - begin:.1f} |", flush=True)


def made(queries: int, documents: int, folder: Path) -> Collection:
    """Returns a collection whose vectors lie in the folder; a query lies near its positive."""
    builder = CollectionBuilder("made", LoadOptions())
    for number in range(documents):
        builder.add_document(f"d{number}", f"document {number}", where="made")
    for number in range(queries):
        builder.add_query(f"q{number}", f"query {number}", where="made")
        builder.add_judgment(f"q{number}", f"d{number % documents}", 1, where="made")
    corpus = clustered(documents, 1, DIMENSION)
    shift = np.random.default_rng(2).normal(scale=0.1, size=(queries, DIMENSION)).astype(np.float32)
    asked = corpus[np.arange(queries) % documents] + shift
    np.save(folder / "documents.npy", corpus)
    np.save(folder / "queries.npy", asked / np.linalg.norm(asked, axis=1, keepdims=True))
    return builder.build()


if __name__ == "__main__":
    typer.run(main)
