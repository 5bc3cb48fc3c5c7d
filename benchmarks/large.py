"""A corpus of any size from real sentences, with vectors, and the memory that mining it takes.

    python benchmarks/large.py make SOURCES... --out FOLDER --documents 5000000 --queries 5000
    python benchmarks/large.py watch COMMAND...

`make` joins two sentences of the BEIR folders SOURCES into each document, all different, and asks for a
document by some of its words. `watch` runs a command and prints the peak of its own (anonymous) memory, of
what is mapped from disk, and of the disk space that files without a name take.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

DIMENSION = 64
CLUSTERS = 1_000
BLOCK = 65_536


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    made = commands.add_parser("make")
    made.add_argument("sources", nargs="+", type=Path)
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--documents", type=int, default=5_000_000)
    made.add_argument("--queries", type=int, default=5_000)
    commands.add_parser("watch").add_argument("run", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.command == "watch":
        sys.exit(watch(given.run))
    make(given.sources, given.out, given.documents, given.queries)


def make(sources: list[Path], out: Path, documents: int, queries: int) -> None:
    (out / "qrels").mkdir(parents=True, exist_ok=True)
    sentences = gather(sources)
    random = np.random.default_rng(7)
    asked = set(np.linspace(0, documents - 1, queries, dtype=np.int64).tolist())
    with (
        (out / "corpus.jsonl").open("w", encoding="utf-8") as corpus,
        (out / "queries.jsonl").open("w", encoding="utf-8") as queried,
        (out / "qrels" / "train.tsv").open("w", encoding="utf-8") as judged,
    ):
        for number in range(documents):
            text = joined(sentences, number)
            corpus.write(json.dumps({"_id": f"doc-{number}", "text": text}, ensure_ascii=False) + "\n")
            if number in asked:
                words = text.split()
                some = " ".join(words[i] for i in sorted(random.permutation(len(words))[:6].tolist()))
                queried.write(json.dumps({"_id": f"q-{number}", "text": some}, ensure_ascii=False) + "\n")
                judged.write(f"q-{number}\tdoc-{number}\t1\n")
    vectors(out, documents, np.array(sorted(asked)))
    print(f"{documents:,} documents of two of {len(sentences):,} sentences, {len(asked):,} queries")


def joined(sentences: list[str], number: int) -> str:
    """Returns the text of a document: two sentences, no two documents the same two."""
    turn, first = divmod(number, len(sentences))
    return f"{sentences[first]} {sentences[(first * 31 + turn * 7_919 + 1) % len(sentences)]}"


def gather(sources: list[Path]) -> list[str]:
    found: dict[str, None] = {}
    for source in sources:
        with (source / "corpus.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                pieces = re.split(r"(?<=[.!?])\s+", json.loads(line)["text"])
                found |= dict.fromkeys(" ".join(p.split()) for p in pieces if 25 < len(p) < 100)
    return list(found)


def vectors(out: Path, documents: int, asked: np.ndarray) -> None:
    random = np.random.default_rng(8)
    centres = random.standard_normal((CLUSTERS, DIMENSION)).astype(np.float32)
    array = np.lib.format.open_memmap(
        out / "documents.npy", "w+", dtype=np.float16, shape=(documents, DIMENSION)
    )
    for begin in range(0, documents, BLOCK):
        size = min(BLOCK, documents - begin)
        chosen = centres[random.integers(0, CLUSTERS, size)]
        array[begin : begin + size] = chosen + 0.7 * random.standard_normal((size, DIMENSION), np.float32)
    near = array[asked].astype(np.float32)
    np.save(out / "queries.npy", near + 0.5 * random.standard_normal(near.shape, np.float32))


def watch(command: list[str]) -> int:
    begin = time.perf_counter()
    process = subprocess.Popen(command)
    peak = {"RssAnon": 0, "RssFile": 0, "VmRSS": 0, "nameless": 0}
    while process.poll() is None:
        for name, value in measured(process.pid).items():
            peak[name] = max(peak[name], value)
        time.sleep(0.25)
    print(
        f"{time.perf_counter() - begin:,.0f} s; memory of its own {peak['RssAnon'] / 1e6:,.2f} GB, "
        f"mapped {peak['RssFile'] / 1e6:,.2f} GB, together {peak['VmRSS'] / 1e6:,.2f} GB; "
        f"files without a name {peak['nameless'] / 1e6:,.2f} GB",
        file=sys.stderr,
    )
    return process.returncode


def measured(pid: int) -> dict[str, int]:
    """Returns kB by kind; nothing once the process is gone."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("RssAnon", "RssFile", "VmRSS"):
                found[name] = int(value.split()[0])
        nameless: dict[int, int] = {}
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if line.endswith("(deleted)") and "s " in line.split()[1] + " ":
                begin, end = (int(part, 16) for part in line.split()[0].split("-"))
                nameless[int(line.split()[4])] = nameless.get(int(line.split()[4]), 0) + end - begin
        found["nameless"] = sum(nameless.values()) // 1_000
    return found


if __name__ == "__main__":
    main()
