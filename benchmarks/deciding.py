"""Deciding and writing at scale: a run over given vectors, and deciding on it again by other recipes.

python benchmarks/deciding.py [--queries 100000] [--documents 50000] [--depth 200] [--recipes naive,abs,...]
    [--whole abs,...]

All seconds are of processor time.
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
from hardneg.mining.miner import Reselector
from hardneg.mining.pipeline import select
from hardneg.runs.finished import open_run
from hardneg.runs.ledger import FolderLedger
from hardneg.sources.builder import CollectionBuilder, LoadOptions

RECIPES = "shifted,abs,margin-pos,perc-pos,sampled,simans"
DIMENSION = 64


def main(
    queries: int = 100_000,
    documents: int = 50_000,
    depth: int = 200,
    recipes: str = RECIPES,
    whole: str = RECIPES,
) -> None:
    """Prints the seconds of `naive` with ranking, of each recipe's rules alone, and of `select` by some."""
    machine("pyarrow", "numba")
    print(f"{queries:,} queries, {documents:,} documents, depth {depth}\n")
    print("| recipe | rules and draw alone | the whole |\n|---|---|---|", flush=True)
    with TemporaryDirectory() as folder:
        collection = made(queries, documents, Path(folder))
        run = Path(folder) / "run"
        ranked = (f"rank.rankers=[{json.dumps(f'vectors:{folder}')}]", f"rank.depth={depth}")
        known = {name: Recipe.named(name, ranked) for name in ["naive", *recipes.split(",")]}
        begin = time.process_time()
        mine(collection, known["naive"], run)
        spent = {"naive": time.process_time() - begin}
        rules = alone(collection, known, run)
        for name, recipe in known.items():
            if name in whole.split(","):
                begin = time.process_time()
                select(open_run(run, collection=collection), recipe, Path(folder) / name)
                spent[name] = time.process_time() - begin
            took = f"{spent[name]:.1f}" if name in spent else ""
            print(f"| `{name}` | {rules[name]:.1f} | {took} |", flush=True)
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def alone(collection: Collection, recipes: dict[str, Recipe], run: Path) -> dict[str, float]:
    """Returns the seconds that each recipe's rules and draw take over all candidates of a run."""
    reselectors = {
        name: Reselector(collection, recipe, FolderLedger(run), {}) for name, recipe in recipes.items()
    }
    spent = dict.fromkeys(recipes, 0.0)
    first = next(iter(reselectors.values()))
    for number in range(len(first.sizes)):
        candidates = first.candidates(number)
        for name, reselector in reselectors.items():
            begin = time.process_time()
            reselector.selector.select(candidates)
            spent[name] += time.process_time() - begin
    return spent


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
