"""How memory grows with scored candidates: a set as LightOn lays them out, mined by its own scores.

Each size runs in a process of its own. Shown is by how much its anonymous memory grew at most: what is mapped
from files is not in it.

    python benchmarks/scored.py [--queries 20000] [--candidates 512] [--documents 200000] [--folder FOLDER]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

_ROWS = 500


def main(
    queries: int = 20_000,
    candidates: int = 512,
    documents: int = 200_000,
    folder: Path | None = None,
    one: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Prints seconds and peak memory by size."""
    if one:
        measure(one)
        return
    print(
        "| queries | candidates a query | scores | reading and mining, s | peak, MB |\n|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as temporary:
        for share, width in ((8, candidates), (2, candidates), (1, candidates), (2, candidates // 4)):
            place = (folder or Path(temporary)) / f"{queries // share}-{width}"
            written(place, queries // share, width, documents)
            out = subprocess.run(
                [sys.executable, __file__, "--one", str(place)], capture_output=True, text=True, check=True
            ).stdout
            seconds, peak = map(float, out.split()[-2:])
            count = queries // share * width
            print(f"| {queries // share:,} | {width} | {count:,} | {seconds:.0f} | {peak:.0f} |", flush=True)


def written(place: Path, queries: int, candidates: int, documents: int) -> None:
    """Writes the three tables, unless they are there: the positive first, and scores that fall."""
    if (place / "train.parquet").exists():
        return
    place.mkdir(parents=True, exist_ok=True)
    texts = [f"document {n} about {n % 997} and {n % 1009}" for n in range(documents)]
    pq.write_table(
        pa.table({"document_id": np.arange(documents), "document": texts}), place / "train.documents.parquet"
    )
    asked = [f"what of {n}" for n in range(queries)]
    pq.write_table(
        pa.table({"query_id": np.arange(queries), "query": asked}), place / "train.queries.parquet"
    )
    rng = np.random.default_rng(0)
    schema = pa.schema(
        [
            ("query_id", pa.int64()),
            ("document_ids", pa.list_(pa.int64())),
            ("scores", pa.list_(pa.float32())),
        ]
    )
    with pq.ParquetWriter(place / "train.parquet", schema) as writer:
        for begin in range(0, queries, _ROWS):
            rows = np.arange(begin, min(begin + _ROWS, queries))
            ids = (rng.integers(documents, size=(len(rows), 1)) + np.arange(candidates) * 7) % documents
            scores = -np.sort(-rng.random((len(rows), candidates), np.float32), axis=1)
            columns = [rows, list(ids), list(scores)]
            writer.write_table(pa.table(dict(zip(schema.names, columns, strict=True)), schema))


def measure(place: Path) -> None:
    """Prints the seconds, and by how many MB the anonymous memory grew at most beyond that of the imports."""
    from hardneg.mining.pipeline import mine
    from hardneg.mining.recipe import Recipe

    recipe = Recipe.named("perc-pos", rankers=["given:scores"], format="jsonl")
    before, peak, done = anonymous(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as out:
        mine(str(place / "train.parquet"), recipe, Path(out) / "run")
    seconds = time.monotonic() - begin
    done.set()
    watcher.join()
    print(seconds, peak[0] - before)


def anonymous() -> float:
    """Returns this process's anonymous memory, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(status["RssAnon"].split()[0]) / 1024


if __name__ == "__main__":
    typer.run(main)
