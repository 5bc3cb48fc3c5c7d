"""The whole job against sentence_transformers.util.mine_hard_negatives: same model, pairs and negatives.

python benchmarks/whole_job.py FOLDER [--queries 100] [--documents 300] [--rounds 2] [--split train]
"""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Annotated, Any

import numpy as np
import typer
from timing import compare, machine, table


def main(
    folder: str,
    queries: int = 100,
    documents: int = 300,
    rounds: int = 2,
    split: str = "train",
    peak: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Prints a table: seconds, equality of the negatives, and peak memory of a process that does one."""
    runs = jobs(folder, queries, documents, split)
    if peak:
        runs[peak]()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return
    machine("sentence-transformers", "faiss-cpu", "datasets")
    seconds, given = compare(runs, rounds)
    first = next(iter(given.values()))
    notes = {}
    for name, mined in given.items():
        again = [sys.executable, *sys.argv, "--peak", name]
        megabytes = subprocess.run(again, capture_output=True, text=True, check=True).stdout.split()[-1]
        notes[name] = f"{share(first, mined):.2%} of rows equal, peak {megabytes} MB"
    print(f"{queries} queries, {documents} further documents, 4 negatives, of {folder}\n")
    table(seconds, notes)


def jobs(folder: str, queries: int, documents: int, split: str) -> dict[str, Any]:
    """Returns the jobs by name, over a fixed sample of a collection; nothing is kept between runs."""
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives as theirs

    from hardneg.compat.sentence_transformers import mine_hard_negatives as ours
    from hardneg.load import LoadOptions, load
    from hardneg.rank.dense.models import load_model

    whole = load(folder, LoadOptions(split=split))
    judged = whole.judgments.queries_with_positives
    rows = judged[np.unique(np.linspace(0, len(judged) - 1, queries).astype(int))]
    positives = np.array([whole.judgments.positives(int(row))[0] for row in rows], np.int32)
    others = np.unique(np.linspace(0, len(whole.documents) - 1, documents).astype(np.int32))
    pairs = Dataset.from_dict({"a": whole.queries.texts(rows), "b": whole.documents.texts(positives)})
    given: dict[str, Any] = {
        "model": load_model("SentenceTransformer", "default"),
        "corpus": whole.documents.texts(others),
        "num_negatives": 4,
        "relative_margin": 0.05,
        "output_format": "triplet",
        "verbose": False,
    }
    return {
        "sentence-transformers": lambda: theirs(pairs, **given),
        "sentence-transformers, FAISS": lambda: theirs(pairs, **given, use_faiss=True),
        "hardneg.compat, fp32": lambda: ours(pairs, **given),
    }


def share(reference: Any, mined: Any) -> float:
    """Returns how many of the reference's rows are among those mined."""
    expected, found = (list(zip(d["a"], d["b"], d["negative"], strict=True)) for d in (reference, mined))
    return len(set(expected) & set(found)) / max(len(set(expected) | set(found)), 1)


if __name__ == "__main__":
    typer.run(main)
