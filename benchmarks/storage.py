"""Vectors stored in fp16 against fp32: how many of the best documents stay, and what the search takes.

python benchmarks/storage.py FOLDER [--model default] [--queries 4096] [--split train]
"""

from __future__ import annotations

import time

import numpy as np
import typer
from timing import machine

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.dense.encode import Encoder
from hardneg.rankers.dense.models import load_model
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch
from hardneg.sources import LoadOptions, load


def main(folder: str, model: str = "default", queries: int = 4_096, split: str = "train") -> None:
    """Prints a table over a collection's documents and its first queries, at 10 and at 100."""
    machine("numba")
    collection = load(folder, LoadOptions(split=split))
    encoder = Encoder(load_model("SentenceTransformer", model), model)
    count = min(queries, len(collection.queries))
    documents = encoder.documents(collection.documents.texts(range(len(collection.documents))))
    asked = encoder.queries(collection.queries.texts(range(count)))
    print(f"{len(documents):,} documents, {count:,} queries, {documents.shape[1]} dimensions\n")
    (whole, seconds), (half, longer) = (found(each, asked) for each in (documents, stored(documents)))
    print("| | overlap | first document the same |\n|---|---|---|")
    for at in (10, 100):
        shared = [len(np.intersect1d(a[:at], b[:at])) for a, b in zip(whole, half, strict=True)]
        same = (whole[:, 0] == half[:, 0]).mean()
        print(f"| the best {at} | {np.mean(shared) / at:.5f} | {same:.4f} |")
    print(f"\nsearch: {seconds:.2f} seconds of processor time in fp32, {longer:.2f} in fp16")


def stored(documents: FloatArray) -> FloatArray:
    """Returns the vectors in fp16."""
    half: FloatArray = documents.astype(np.float16)
    return half


def found(documents: FloatArray, asked: FloatArray) -> tuple[IntArray, float]:
    """Returns the best 100 documents, and the processor's seconds of a search after another to warm up."""
    search = ExactSearch(Vectors.of(documents), len(asked))
    search.search(asked, 100)
    begin = time.process_time()
    docs = search.search(asked, 100)[0]
    return docs, time.process_time() - begin


if __name__ == "__main__":
    typer.run(main)
