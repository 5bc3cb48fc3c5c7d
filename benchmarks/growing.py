"""A collection that grows: seconds of mining it, and of mining it again when 1 % of its documents are new.

python benchmarks/growing.py FOLDER... [--documents 100000] [--queries 1000] [--changed 0.01]

Documents are sentences of the BEIR folders, at most 100 characters each, joined by two where there are too
few. Half of the new ones are added at the top, half take the place of others. Each run is a process.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import typer
from large import gather
from timing import machine


def main(
    folders: list[Path],
    documents: int = 100_000,
    queries: int = 1_000,
    changed: float = 0.01,
    setting: list[str] | None = None,
) -> None:
    """Prints a table: seconds of the stages, stage by stage."""
    machine("sentence-transformers")
    texts = sentences(folders, documents + round(documents * changed))
    new, old = texts[: len(texts) - documents], texts[len(texts) - documents :]
    with tempfile.TemporaryDirectory(prefix="growing-") as made:
        place = Path(made)
        write(place / "source", old, queries)
        first = mine(place, "one", [], setting or [])
        half = len(new) // 2
        rows = np.linspace(0, len(old) - 1, len(new) - half, dtype=int)
        replaced = dict(zip(rows.tolist(), new[half:], strict=True))
        grown = [*new[:half], *(replaced.get(row, text) for row, text in enumerate(old))]
        write(place / "source", grown, queries)
        second = mine(place, "two", ["--since", "one"], setting or [])
    stages = [*dict.fromkeys([*first, *second])]
    print(f"{documents:,} documents, {len(new):,} new, {queries:,} queries\n")
    print("| stage, seconds | first | second |\n|---|---|---|")
    for stage in stages:
        print(f"| {stage} | {first.get(stage, 0):.1f} | {second.get(stage, 0):.1f} |")


def sentences(folders: list[Path], count: int) -> list[str]:
    """Returns so many different texts in an order that is not that of the collections."""
    found = gather(folders)
    more = [f"{one} {other}" for one, other in zip(found, found[7_919:], strict=False)]
    texts = [*found, *more][:count]
    if len(texts) < count:
        raise SystemExit(f"the folders have {len(texts):,} texts, {count:,} are needed")
    return [texts[row] for row in np.random.default_rng(7).permutation(count).tolist()]


def write(folder: Path, documents: list[str], queries: int) -> None:
    """Writes a collection; a query is some words of a document, by whose text it is named."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    rows = [{"_id": f"d{number}", "text": text} for number, text in enumerate(documents)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    asked = sorted((text, number) for number, text in enumerate(documents))[:: len(documents) // queries]
    asked = asked[:queries]
    named = [{"_id": f"q{number}", "text": " ".join(text.split()[1::2])} for text, number in asked]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in named), encoding="utf-8")
    judged = "".join(f"q{number}\td{number}\t1\n" for _, number in asked)
    (folder / "qrels" / "train.tsv").write_text(judged, encoding="utf-8")


def mine(place: Path, out: str, more: list[str], settings: list[str]) -> dict[str, float]:
    """Returns the seconds of a run's stages, and of the whole process."""
    options = [part for setting in settings for part in ("--set", setting)]
    command = ["hardneg", "mine", "source", "--out", out, "--quiet", *more, *options]
    begin = time.perf_counter()
    subprocess.run(command, cwd=place, env={**os.environ, "HARDNEG_CACHE": str(place / "cache")}, check=True)
    whole = time.perf_counter() - begin
    seconds: dict[str, float] = json.loads((place / out / "run.json").read_text(encoding="utf-8"))["seconds"]
    return {**seconds, "the whole process": whole}


if __name__ == "__main__":
    typer.run(main)
