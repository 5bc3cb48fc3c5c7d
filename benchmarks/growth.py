"""How time and memory of the exact search grow with documents and queries: slopes on a log-log scale.

Each size runs in a process of its own, over vectors in a file that is mapped, so that the anonymous memory
shown is that of the search. Seconds are CPU seconds: what is prepared once, then one search; FAISS flat too.

    python benchmarks/growth.py [--largest 1000000] [--queries 1000] [--most-queries 10000] [--folder FOLDER]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from timing import clustered, machine

from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch, Product


def main(
    largest: int = 1_000_000,
    queries: int = 1_000,
    most_queries: int = 10_000,
    faiss: bool = True,
    folder: Path | None = None,
    one: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Prints seconds and memory by size; the vectors are kept in the folder, if one is given."""
    if one:
        kind, place, count, asked = one.split(":")
        {"hardneg": measure, "faiss": flat}[kind](Path(place), int(count), int(asked))
        return
    machine("numba", "faiss-cpu")
    with tempfile.TemporaryDirectory() as temporary:
        path = vectors_of(largest, folder or Path(temporary))
        print("| documents | queries | preparing | search | memory, MB | FAISS flat | speed |")
        print("|---|---|---|---|---|---|---|")
        sizes = [largest // 20, largest // 5, largest]
        by_documents = [row(path, size, queries, faiss) for size in sizes]
        by_queries = [row(path, sizes[1], asked, faiss) for asked in (most_queries // 5, most_queries)]
    slope("documents", sizes, by_documents)
    slope("queries", [queries, most_queries // 5, most_queries], [by_documents[1], *by_queries])


def vectors_of(count: int, folder: Path) -> Path:
    """Returns a file of vectors, made unless it is there."""
    path = folder / f"clustered-{count}.npy"
    if not path.exists():
        np.save(path, clustered(count, 1))
    return path


def slope(name: str, sizes: list[int], seconds: list[float]) -> None:
    """Prints by which power of the size the seconds grow."""
    print(f"\nslope by {name}: {np.polyfit(np.log(sizes), np.log(seconds), 1)[0]:.2f}")


def row(path: Path, count: int, queries: int, faiss: bool) -> float:
    """Prints one row of the table; returns the seconds of the search."""
    prepared, spent, memory = run("hardneg", path, count, queries)
    peer = run("faiss", path, count, queries)[0] if faiss else 0.0
    ratio = f"{peer:.1f} | {peer / spent:.2f}" if faiss else " | "
    print(f"| {count:,} | {queries:,} | {prepared:.1f} | {spent:.1f} | {memory:.0f} | {ratio} |", flush=True)
    return spent


def run(kind: str, path: Path, count: int, queries: int) -> list[float]:
    """Returns what a process of its own prints last."""
    command = [sys.executable, __file__, "--one", f"{kind}:{path}:{count}:{queries}"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [float(each) for each in out.splitlines()[-1].split()]


def measure(path: Path, count: int, queries: int) -> None:
    """Prints the seconds to prepare, those of one search, and the anonymous memory that both took."""
    vectors, asked = np.load(path, mmap_mode="r")[:count], clustered(queries, 2)
    products: tuple[Product | None, ...] = (None, "fp32", "pca-prefix")
    for product in products:  # loads libraries and compiled code
        ExactSearch(Vectors.of(asked[:200]), 0, product).search(asked[:8], 5)
    before, begin = anonymous(), time.process_time()
    search = ExactSearch(Vectors.of(vectors), queries)
    search.search(asked[:256], 100)
    prepared = time.process_time()
    search.search(asked, 100)
    spent = time.process_time() - prepared
    print(prepared - begin, spent, anonymous() - before)


def anonymous() -> float:
    """Returns this process's anonymous memory, in MB."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["RssAnon"].split()[0]) / 1024


def flat(path: Path, count: int, queries: int) -> None:
    """Prints the seconds of one search of FAISS's flat index."""
    import faiss

    index, asked = faiss.IndexFlatIP(384), clustered(queries, 2)
    index.add(np.load(path, mmap_mode="r")[:count])
    begin = time.process_time()
    index.search(asked, 100)
    print(time.process_time() - begin)


if __name__ == "__main__":
    typer.run(main)
