"""How time and memory of the exact search grow with documents and queries: slopes on a log-log scale.

Each size runs in a process of its own, over vectors in a file that is mapped, so that the anonymous memory
told is the search's.

    python benchmarks/growth.py [--largest 400000] [--queries 1024]
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

from hardneg.rank.dense.store import Vectors
from hardneg.rank.dense.topk import ExactSearch


def main(
    largest: int = 400_000,
    queries: int = 1_024,
    one: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Prints seconds and memory by size."""
    if one:
        place, count, asked = one.split(":")
        measure(Path(place), int(count), int(asked))
        return
    machine("numba")
    sizes = [largest // 8, largest // 4, largest // 2, largest]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, clustered(largest, 1))
        by_documents = [(size, queries) for size in sizes]
        by_queries = [(sizes[1], asked) for asked in (queries, 2 * queries, 4 * queries)]
        print("| documents | queries | seconds | anonymous memory, MB |\n|---|---|---|---|")
        for name, cases in (("documents", by_documents), ("queries", by_queries)):
            found = [run(path, *case) for case in cases]
            varied = [case[0] if name == "documents" else case[1] for case in cases]
            slope = np.polyfit(np.log(varied), np.log([seconds for seconds, _ in found]), 1)[0]
            for case, (seconds, megabytes) in zip(cases, found, strict=True):
                print(f"| {case[0]:,} | {case[1]:,} | {seconds:.2f} | {megabytes} |")
            print(f"| slope by {name} | | {slope:.2f} | |")


def run(path: Path, count: int, queries: int) -> tuple[float, int]:
    """Returns the seconds and the peak of anonymous memory of one search."""
    command = [sys.executable, __file__, "--one", f"{path}:{count}:{queries}"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(out[-2]), int(out[-1])


def measure(path: Path, count: int, queries: int) -> None:
    """Prints the seconds of one search after a small one, and the process's anonymous memory."""
    vectors = np.load(path, mmap_mode="r")[:count]
    asked = clustered(queries, 2)
    search = ExactSearch(Vectors.of(vectors), queries, "whole")
    search.search(asked[:8], 100)
    begin = time.perf_counter()
    search.search(asked, 100)
    spent = time.perf_counter() - begin
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(spent, int(status["RssAnon"].split()[0]) // 1024)


if __name__ == "__main__":
    typer.run(main)
