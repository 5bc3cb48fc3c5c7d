"""Exact search against FAISS flat, usearch, sentence-transformers and torch, over clustered vectors.

python benchmarks/search.py [--documents 200000] [--queries 1000] [--depth 100] [--rounds 3] [--slow]
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import typer
from timing import clustered, compare, machine, table

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.dense.models import has_fast_bf16
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch, Product

PRODUCTS: tuple[Product, ...] = ("fp32", "pca-prefix", *(("bf16",) if has_fast_bf16() else ()))


def main(
    documents: int = 200_000, queries: int = 1_000, depth: int = 100, rounds: int = 3, slow: bool = False
) -> None:
    """Prints a table; `--slow` adds the peers that take many times longer."""
    machine("faiss-cpu", "usearch", "sentence-transformers", "numba")
    corpus, asked = clustered(documents, 1), clustered(queries, 2)
    runs = {"FAISS flat": flat(corpus, asked, depth)}
    for product in PRODUCTS:
        search = ExactSearch(Vectors.of(corpus), queries, product)
        runs[f"hardneg, {product}"] = partial(found, search, asked, depth)
    runs["matrix product alone (numpy)"] = lambda: ceiling(corpus, asked)
    if slow:
        runs |= peers(corpus, asked, depth)
    seconds, given = compare(runs, rounds)
    print(f"{documents:,} documents, {queries:,} queries, the best {depth}\n")
    reference = given["FAISS flat"]
    notes = {name: agreement(reference, ids) for name, ids in given.items() if ids is not None}
    table(seconds, notes)
    alone = np.median(seconds["matrix product alone (numpy)"])
    for product in PRODUCTS:
        share = alone / np.median(seconds[f"hardneg, {product}"])
        print(f"\nhardneg, {product}: {share:.0%} of the ceiling of the fp32 product", end="")
    print()


def found(search: ExactSearch, asked: FloatArray, depth: int) -> IntArray:
    """Returns the documents that hardneg finds."""
    return search.search(asked, depth)[0]


def flat(corpus: FloatArray, asked: FloatArray, depth: int) -> Any:
    """Returns a search with FAISS's flat index."""
    import faiss

    index = faiss.IndexFlatIP(corpus.shape[1])
    index.add(corpus)
    return lambda: index.search(asked, depth)[1]


def peers(corpus: FloatArray, asked: FloatArray, depth: int) -> dict[str, Any]:
    """Returns other exact searches."""
    import torch
    from sentence_transformers.util import semantic_search
    from usearch.index import search

    documents, queries = torch.from_numpy(corpus), torch.from_numpy(asked)

    def by_torch() -> IntArray:
        begins = range(0, len(queries), 256)
        parts = [(queries[i : i + 256] @ documents.T).topk(depth).indices for i in begins]
        ids: IntArray = torch.cat(parts).numpy()
        return ids

    def by_hits() -> IntArray:
        found = semantic_search(queries, documents, top_k=depth)
        return np.array([[hit["corpus_id"] for hit in hits] for hits in found], np.int32)

    return {
        "torch matmul + topk": by_torch,
        "sentence_transformers.util.semantic_search": by_hits,
        "usearch exact": lambda: search(corpus, asked, depth, "ip", exact=True).keys,
    }


def ceiling(corpus: FloatArray, asked: FloatArray) -> None:
    """Multiplies and throws away."""
    out = np.empty(min(1_024, len(asked)) * 8_192, np.float32)
    for begin in range(0, len(asked), 1_024):
        some = asked[begin : begin + 1_024]
        for place in range(0, len(corpus), 8_192):
            chunk = corpus[place : place + 8_192]
            np.matmul(some, chunk.T, out=out[: len(some) * len(chunk)].reshape(len(some), len(chunk)))


def agreement(reference: IntArray, ids: IntArray) -> str:
    """Returns the share of queries with the same documents as the reference's."""
    same = (np.sort(reference, axis=1) == np.sort(np.asarray(ids, reference.dtype), axis=1)).all(axis=1)
    return f"same documents for {same.mean():.2%} of queries"


if __name__ == "__main__":
    typer.run(main)
