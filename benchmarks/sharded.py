"""What a worker of a cluster holds and does that searches one range of a BM25 index, against the whole.

    python benchmarks/sharded.py FOLDERS... [--documents 1000000] [--ranges 8] [--queries 200] [--depth 100]

Documents are those of `bm25.py scale`. The driver opens the ranker; each worker is a process of its own that
unpickles it, as those of a cluster do, and searches. Memory is what that adds to the process: its own, and
what is mapped of the index, in pieces of up to 1 MB and more. The postings are those that a search may read.
"""

from __future__ import annotations

import multiprocessing
import pickle
import statistics
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import typer
from bm25 import _ranker, questions, write_corpus
from timing import clock, machine

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.inverted import postings
from hardneg.rankers.inverted.index import InvertedIndex, SparseRows
from hardneg.rankers.kernels.top_k import top_k_of
from hardneg.rankers.sharded_search import ShardingPlan

Range = tuple[int, int]
Result = tuple[IntArray, FloatArray]
_OPEN: dict[str, Any] = {}


def main(
    folders: list[Path],
    documents: int = 1_000_000,
    ranges: int = 8,
    queries: int = 200,
    depth: int = 100,
    rounds: int = 3,
    folder: Path | None = None,
) -> None:
    """Prints a table."""
    machine("numba")
    asked = questions(folders, queries)
    with TemporaryDirectory(dir=folder) as temporary:
        corpus = write_corpus(folders, documents, Path(temporary) / "corpus.arrow")
        ranker = _ranker(corpus, asked)
        pickled = pickle.dumps(ranker)
        [index] = (Path(temporary) / "cache").rglob("*.arrow")
        plan = ShardingPlan(Path(temporary), min_shards=1, max_ranges=ranges)
        parts = plan.ranges(documents)
        size, sent = index.stat().st_size / 1e6, len(pickled) / 1e6
        print(f"{documents:,} documents, an index of {size:,.0f} MB; the ranker is sent as {sent:.2f} MB;")
        print(f"{len(asked)} queries, the best {depth}\n")
        whole = Worker(pickled, (0, documents), depth, rounds)
        alone = [Worker(pickled, part, depth, rounds) for part in parts]
        after = alone[:1]
        for part in parts[1:]:
            after.append(Worker(pickled, part, depth, rounds, merged(after, depth)[1][:, -1]))
    for workers in (alone, after):
        for found, right in zip(merged(workers, depth), whole.result, strict=True):
            assert found.tobytes() == right.tobytes(), "other results than those of the whole search"
    print("| a worker | seconds | own memory, MB | mapped, MB | postings, MB | all workers, seconds |")
    print("|---|---|---|---|---|---|")
    row("the whole index", [whole])
    row(f"one of {len(parts)} ranges, by itself", alone)
    row("the same, the lists of those before it known", after, after[1:])


class Worker:
    """A process that searches one range."""

    def __init__(
        self, pickled: bytes, part: Range, depth: int, rounds: int, floors: FloatArray | None = None
    ) -> None:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            process.submit(_warm).result()
            self.memory: tuple[float, float, float] = process.submit(
                _open, pickled, part, depth, floors
            ).result()
            spent = [process.submit(_search, depth, floors).result() for _ in range(rounds)]
        self.result: Result = spent[0][1]
        self.seconds = statistics.median(seconds for seconds, _ in spent)


def merged(workers: list[Worker], depth: int) -> Result:
    """Returns the best of what workers found."""
    docs, scores = (np.concatenate([worker.result[place] for worker in workers], axis=1) for place in (0, 1))
    return top_k_of(docs, scores, depth)


def row(name: str, workers: list[Worker], shown: list[Worker] | None = None) -> None:
    """Prints the medians of some workers, and the sum of all."""
    some = shown or workers
    own, mapped, held = (statistics.median(worker.memory[place] for worker in some) for place in range(3))
    seconds = statistics.median(worker.seconds for worker in some)
    total = sum(worker.seconds for worker in workers)
    print(f"| {name} | {seconds:.3f} | {own:.1f} | {mapped:.1f} | {held:.1f} | {total:.3f} |")


def _warm() -> None:
    """Searches a small index, for what is compiled and loaded once."""
    rows = SparseRows(np.array([0, 1]), np.zeros(1, np.int32), np.ones(1, np.float32))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "small.arrow"
        postings.write_index(path, InvertedIndex.of(rows, 1, 1))
        postings.map_index(path).search(rows, 1, (0, 1), np.zeros(1, np.float32))


def _open(pickled: bytes, part: Range, depth: int, floors: FloatArray | None) -> tuple[float, float, float]:
    """Opens the ranker and searches; returns MB: its own, mapped, and of the queries' postings in range."""
    before = _resident()
    ranker = pickle.loads(pickled)
    _OPEN["part"] = ranker.part(*part, 0)
    _search(depth, floors)
    own, mapped = (after - now for after, now in zip(_resident(), before, strict=True))
    index, terms = ranker.index, np.unique(_OPEN["part"].rows.terms)
    lists = (index.docs[index.indptr[term] : index.indptr[term + 1]] for term in terms)
    count = sum(int(np.diff(np.searchsorted(docs, part))[0]) for docs in lists)
    return own, mapped, 8e-6 * count


def _search(depth: int, floors: FloatArray | None) -> tuple[float, Result]:
    part = _OPEN["part"]
    rows = np.arange(len(part.rows.indptr) - 1, dtype=np.int32)
    least = np.full(len(rows), -np.inf, np.float32) if floors is None else floors
    begin = clock()
    found: Result = part.search(rows, depth, least)
    return clock() - begin, found


def _resident() -> tuple[float, float]:
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = dict(line.split(":", 1) for line in lines)
    own, mapped = (int(sizes[name].split()[0]) / 1e3 for name in ("RssAnon", "RssFile"))
    return own, mapped


if __name__ == "__main__":
    typer.run(main)
