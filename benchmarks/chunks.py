"""What a model's limit cuts, and what chunks change: documents found by their best chunk, against whole ones.

nDCG@10 is that of documents in both cases: a document ranks where its best chunk does, whatever the positive
chunk is. The last table mines each query's highest ranked documents as negatives, from the chunks as
`hardneg chunk` writes them and from the same chunks without `chunks.json`, and counts the negatives from a
document that is a positive.

    python benchmarks/chunks.py FOLDER [--split test] [--tokens 256] [--overlap 0] [--model default]
        [--documents N: the judged ones and others drawn at random] [--no-dense: BM25 alone]
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import typer

import hardneg
from hardneg.core.components import RANKERS, Context, OpenedRanker
from hardneg.core.files import cache_folder
from hardneg.core.records import BoolArray, Collection, part, rows_of
from hardneg.evaluation import evaluate
from hardneg.evaluation.measures import parse
from hardneg.evaluation.significance import paired_tests
from hardneg.evaluation.systems import SystemRun
from hardneg.sources import LoadOptions, load

_DEPTH = 500
"""Documents or chunks that are searched for each query."""


def main(
    source: Path,
    split: str = "test",
    tokens: int = 256,
    overlap: int = 0,
    model: str = "default",
    documents: int = 0,
    dense: bool = True,
) -> None:
    """Prints what is cut, where the best chunks are, how documents rank, and whence negatives come."""
    specs: list[dict[str, Any]] = [*([{"dense": {"model": model}}] if dense else []), {"bm25": {}}]
    whole = sampled(load(str(source), LoadOptions(split=split)), documents)
    with tempfile.TemporaryDirectory() as temporary:
        rankers = ("model", "bm25") if dense else ("bm25",)
        folders = {ranker: Path(temporary) / ranker for ranker in rankers}
        for ranker, folder in folders.items():
            settings: dict[str, Any] = {"model": model, "ranker": None if ranker == "model" else ranker}
            load_as = LoadOptions(split=split)
            info = hardneg.chunk(whole, folder, tokens=f"{tokens}:{overlap}", load=load_as, **settings)
            if ranker == rankers[0]:
                described(info, split)
            placed(ranker, folder, split)
        chunks = load(str(folders[rankers[0]]), LoadOptions(split=split))
        for spec in specs:
            compared(spec, whole, chunks)
        for spec in specs:
            mined(spec, folders[rankers[0]], split, Path(temporary))


def sampled(collection: Collection, documents: int) -> Collection:
    """Returns a collection with its judged documents and others up to a number; all for 0."""
    total = len(collection.documents)
    if not 0 < documents < total:
        return collection
    judged = np.unique(collection.judgments.doc)
    others = np.setdiff1d(np.random.default_rng(0).permutation(total), judged, assume_unique=True)
    docs = np.sort(np.concatenate([judged, others[: documents - len(judged)]])).astype(np.int32)
    return part(collection, np.arange(len(collection.queries), dtype=np.int32), docs)


def described(info: dict[str, Any], split: str) -> None:
    """Prints how much the limit cuts."""
    facts, own = info["facts"], info["splits"][split]
    longer = f"{facts['longer']:,} ({facts['longer'] / facts['documents']:.0%})"
    print(
        f"{facts['documents']:,} documents, {longer} of more than {facts['tokens']} tokens, "
        f"{facts['beyond']:.0%} of the text beyond them; {facts['chunks']:,} chunks; "
        f"{own['queries']:,} queries, {own['relevant']:,} relevant documents, "
        f"{own['first'] + own['later']:,} of several chunks"
    )


def placed(ranker: str, folder: Path, split: str) -> None:
    """Prints which chunk is the best one of documents that have several."""
    lines = (folder / "neutral" / f"{split}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    cut = {(query, chunk.rpartition("#")[0]) for query, chunk in (line.split("\t") for line in lines)}
    places: Counter[int] = Counter()
    for line in (folder / "qrels" / f"{split}.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, chunk, _ = line.split("\t")
        doc, _, place = chunk.rpartition("#")
        places[min(int(place), 5)] += (query, doc) in cut
    total = sum(places.values())
    shown = ", ".join(
        f"{place}{'+' if place == 5 else ''}: {places[place] / total:.0%}" for place in range(1, 6)
    )
    print(f"best chunk by the {ranker}, by its place: {shown} of {total:,}")


def compared(spec: dict[str, Any], whole: Collection, chunks: Collection) -> None:
    """Prints the quality of a ranker over whole documents and over chunks, with a paired test."""
    context = Context(cache_folder())
    measures = parse(["nDCG@10", "MRR@10", "R@100"])
    runs = [
        ranked("whole", RANKERS.make(spec).open(whole, context), whole, cut=False),
        ranked("chunks", RANKERS.make(spec).open(chunks, context), chunks, cut=True),
    ]
    evaluation = evaluate(whole, runs, measures)
    for measure in measures:
        test = evaluation.comparisons[measure]["chunks"]
        before, after = (system.intervals[measure].mean for system in evaluation.systems)
        mean, low, high = test.difference
        print(
            f"| {next(iter(spec))} | {measure} | {before:.4f} | {after:.4f} "
            f"| {mean:+.4f} [{low:+.4f}, {high:+.4f}] | {test.p_randomisation:.4f} |"
        )
    those = cut_positives(whole, chunks)
    uncut, cut = (system.values[measures[0]][those] for system in evaluation.systems)
    [test] = paired_tests([cut], uncut, 42)
    mean, low, high = test.difference
    print(
        f"| {next(iter(spec))}, {len(cut)} queries whose relevant documents were all cut | {measures[0]} "
        f"| {uncut.mean():.4f} | {cut.mean():.4f} | {mean:+.4f} [{low:+.4f}, {high:+.4f}] "
        f"| {test.p_randomisation:.4f} |"
    )


def cut_positives(whole: Collection, chunks: Collection) -> BoolArray:
    """Returns (n_queries,) bool: whether all relevant documents of a query have several chunks."""
    pieces = Counter(doc for docs in documents_of(chunks, cut=True) for doc in docs)
    ids = np.array(whole.documents.table["doc_id"].to_pylist(), object)
    positives = (ids[whole.judgments.positives(query)] for query in range(len(whole.queries)))
    return np.array([all(pieces[doc] > 1 for doc in docs) for docs in positives])


def documents_of(collection: Collection, *, cut: bool) -> list[list[str]]:
    """Returns the documents of each row: itself, or those that a chunk is of, several where they share it."""
    ids: list[str] = collection.documents.table["doc_id"].to_pylist()
    if not cut:
        return [[name] for name in ids]
    aliases = collection.documents.aliases
    return [
        [each.rpartition("#")[0] for each in (name, *aliases.get(row, ()))] for row, name in enumerate(ids)
    ]


def ranked(name: str, ranker: OpenedRanker, collection: Collection, *, cut: bool) -> SystemRun:
    """Returns the documents that a ranker finds, each by its best chunk if they are cut."""
    scores: dict[str, dict[str, float]] = {}
    owners = documents_of(collection, cut=cut)
    for queries in rows_of(len(collection.queries), 256):
        docs, values = ranker.search(queries, min(_DEPTH, len(owners)))
        for query, row, own in zip(collection.queries.ids(queries), docs, values, strict=True):
            found = scores.setdefault(query, {})
            for place, score in zip(row[row >= 0].tolist(), own[row >= 0].tolist(), strict=True):
                for doc in owners[place]:
                    found.setdefault(doc, score)
    return SystemRun(name, scores)


def mined(spec: dict[str, Any], folder: Path, split: str, temporary: Path) -> None:
    """Prints how many of the highest ranked candidates would be negatives from a positive's document."""
    plain = temporary / "plain"
    if not plain.exists():
        shutil.copytree(folder, plain, ignore=shutil.ignore_patterns("chunks.json", "neutral"))
    for name, place in (("chunks.json", folder), ("plain folder", plain)):
        recipe = hardneg.Recipe.named("naive", rankers=[spec], split=split)
        run = hardneg.mine(str(place), recipe)
        own = total = 0
        for example in run.training_set:
            relevant = {each.doc_id.rpartition("#")[0] for each in example.positives}
            total += len(example.negatives)
            own += sum(each.doc_id.rpartition("#")[0] in relevant for each in example.negatives)
        kind = next(iter(spec))
        print(f"negatives by {kind}, {name}: {own:,} of {total:,} from the document of a positive")


if __name__ == "__main__":
    typer.run(main)
