"""The whole job, each miner a process of its own that starts with files and ends with files.

python benchmarks/whole_job.py FOLDER [--queries 200] [--documents 1000] [--rounds 3] [--split train]
    [--hn-mine FILE --hn-python PYTHON]

Rows: `sentence_transformers.util.mine_hard_negatives` without and with FAISS; `hardneg.compat` with the same
call; `hardneg mine` with nothing in the cache, report and ledger included; `hardneg select`, which decides by
another rule; and FlagEmbedding's `scripts/hn_mine.py`, if given with an interpreter that has FlagEmbedding.
Seconds are those of the whole process, imports and loading the model included.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from timing import machine, table

Rows = set[tuple[str, str]]
ROW = "sentence-transformers"


def main(
    folder: Path,
    queries: int = 200,
    documents: int = 1000,
    rounds: int = 3,
    split: str = "train",
    hn_mine: Path | None = None,
    hn_python: str = sys.executable,
    only: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Prints a table: seconds, peak memory, and how many of the negatives are those of the first row."""
    if only:
        in_process(folder, only)
        return
    with tempfile.TemporaryDirectory(prefix="whole-job-") as made:
        place = Path(made)
        size = sample(folder, queries, documents, split, place)
        own = [sys.executable, __file__, str(place), "--only"]
        jobs: dict[str, Callable[[], tuple[float, int, Rows]]] = {
            ROW: lambda: process([*own, "plain"], place, triplets),
            f"{ROW}, FAISS": lambda: process([*own, "faiss"], place, triplets),
            "hardneg.compat, the same call": lambda: process([*own, "compat"], place, triplets),
            "hardneg mine": lambda: process(mine(place), place, ledger, fresh=True),
            "hardneg select, another rule": lambda: process(select(place), place, nothing),
        }
        if hn_mine:
            jobs["FlagEmbedding, hn_mine.py"] = lambda: process(
                flag(place, hn_python, hn_mine), place, flagged
            )
        machine("sentence-transformers", "faiss-cpu")
        print(f"{size}; 4 negatives, relative margin 0.05\n")
        measured(jobs, rounds)


def measured(jobs: dict[str, Callable[[], tuple[float, int, Rows]]], rounds: int) -> None:
    """Prints the table of all jobs, which take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    notes: dict[str, str] = {}
    reference: Rows = set()
    for _ in range(rounds):
        for name, job in jobs.items():
            spent, peak, rows = job()
            seconds[name].append(spent)
            reference = rows if name == ROW else reference
            same = f"{len(rows & reference) / max(len(rows | reference), 1):.2%} the same, " if rows else ""
            notes[name] = f"{same}peak {peak} MB"
    table(seconds, notes)


def sample(folder: Path, queries: int, documents: int, split: str, place: Path) -> str:
    """Writes a fixed sample of a collection, in the layouts that the miners read; returns what it is."""
    from hardneg.sources import LoadOptions, load

    whole = load(str(folder), LoadOptions(split=split))
    judged = whole.judgments.queries_with_positives
    rows = judged[np.unique(np.linspace(0, len(judged) - 1, queries).astype(int))]
    positives = np.array([whole.judgments.positives(int(row))[0] for row in rows], np.int32)
    others = np.linspace(0, len(whole.documents) - 1, documents).astype(np.int32)
    corpus = list(dict.fromkeys(whole.documents.texts(np.union1d(positives, others))))
    pairs = list(zip(whole.queries.texts(rows), whole.documents.texts(positives), strict=True))
    write(place / "pairs.jsonl", [{"query": query, "positive": positive} for query, positive in pairs])
    write(place / "flag.jsonl", [{"query": query, "pos": [positive]} for query, positive in pairs])
    write(place / "corpus.jsonl", [{"_id": f"d{n}", "text": text} for n, text in enumerate(corpus)])
    return f"{len(pairs)} queries, {len(corpus):,} documents of {folder.name}"


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    """Writes JSON lines."""
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def read(path: Path) -> list[dict[str, Any]]:
    """Returns JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def process(
    command: list[str], place: Path, rows: Callable[[Path], Rows], fresh: bool = False
) -> tuple[float, int, Rows]:
    """Returns the seconds and peak megabytes of a process, and the (query, negative) pairs that it left."""
    if fresh:
        for name in ("cache", "run"):
            shutil.rmtree(place / name, ignore_errors=True)
    shutil.rmtree(place / "again", ignore_errors=True)
    environment = {**os.environ, "HARDNEG_CACHE": str(place / "cache")}
    begin = time.perf_counter()
    with (place / "output").open("w") as output:
        running = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        _, status, used = os.wait4(running.pid, 0)
    spent = time.perf_counter() - begin
    if status:
        raise RuntimeError(f"{command}: {(place / 'output').read_text()[-2000:]}")
    return spent, used.ru_maxrss // 1024, rows(place)


def in_process(place: Path, name: str) -> None:
    """Mines with the call of sentence-transformers: theirs, theirs with FAISS, or hardneg's."""
    from datasets import Dataset

    from hardneg.rankers.dense.models import load_model

    home = "hardneg.compat.sentence_transformers" if name == "compat" else "sentence_transformers.util"
    mined = importlib.import_module(home).mine_hard_negatives(
        Dataset.from_list(read(place / "pairs.jsonl")),
        model=load_model("SentenceTransformer", "default"),
        corpus=[line["text"] for line in read(place / "corpus.jsonl")],
        num_negatives=4,
        relative_margin=0.05,
        output_format="triplet",
        use_faiss=name == "faiss",
        verbose=False,
    )
    mined.to_json(place / "mined.jsonl", force_ascii=False)


def mine(place: Path) -> list[str]:
    """Returns the command that mines with hardneg from nothing."""
    source = [str(place / "pairs.jsonl"), "--corpus", str(place / "corpus.jsonl")]
    ranked = ["--recipe", "perc-pos", "--ranker", "dense:default", "--negatives", "4"]
    return [sys.executable, "-m", "hardneg", "mine", *source, *ranked, "--out", str(place / "run"), "--quiet"]


def select(place: Path) -> list[str]:
    """Returns the command that decides again on the candidates of `mine`."""
    out = ["--recipe", "margin-pos", "--out", str(place / "again"), "--quiet"]
    return [sys.executable, "-m", "hardneg", "select", str(place / "run"), *out]


def flag(place: Path, python: str, script: Path) -> list[str]:
    """Returns the command of FlagEmbedding's script, with the model's own pooling and length, in fp32."""
    from hardneg.rankers.dense.models import load_model

    model = load_model("SentenceTransformer", "default")
    model.save_pretrained(str(place / "model"))
    given = {
        "--input_file": "flag.jsonl",
        "--candidate_pool": "corpus.jsonl",
        "--output_file": "flagged.jsonl",
        "--embedder_name_or_path": "model",
        "--embedder_model_class": "encoder-only-base",
        "--pooling_method": "mean",
        "--use_fp16": "False",
        "--embedder_query_max_length": str(model.max_seq_length),
        "--embedder_passage_max_length": str(model.max_seq_length),
        "--range_for_sampling": "0-100",
        "--negative_number": "4",
    }
    settings = [part for pair in given.items() for part in pair]
    return ["sh", "-c", 'cd "$0" && exec "$@"', str(place), python, str(script.resolve()), *settings]


def triplets(place: Path) -> Rows:
    """Returns what the calls of sentence-transformers left."""
    return {(line["query"], line["negative"]) for line in read(place / "mined.jsonl")}


def ledger(place: Path) -> Rows:
    """Returns what hardneg left."""
    return {(line["anchor"], line["negative"]) for line in read(place / "run" / "train.jsonl")}


def flagged(place: Path) -> Rows:
    """Returns nothing, as FlagEmbedding draws its negatives at random, after looking that they are there."""
    assert all(line["neg"] for line in read(place / "flagged.jsonl"))
    return set()


def nothing(place: Path) -> Rows:
    """Returns nothing: another rule chooses other negatives."""
    return set()


if __name__ == "__main__":
    typer.run(main)
