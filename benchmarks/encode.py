"""Encoding against sentence-transformers' defaults: texts a second, and how true the vectors stay.

python benchmarks/encode.py FOLDER [--documents 400] [--rounds 3]
"""

from __future__ import annotations

from typing import Any

import numpy as np
import typer
from timing import compare, machine, table

from hardneg.core.records import FloatArray
from hardneg.rankers.dense.encode import Encoder
from hardneg.rankers.dense.models import best_precision, load_model
from hardneg.sources import LoadOptions, load


def main(
    folder: str, documents: int = 400, rounds: int = 3, model: str = "default", split: str = "test"
) -> None:
    """Prints a table over a fixed sample of a collection's documents."""
    machine("sentence-transformers", "transformers")
    whole = load(folder, LoadOptions(split=split)).documents
    rows = np.linspace(0, len(whole) - 1, min(documents, len(whole))).astype(np.int32)
    texts = whole.texts(np.unique(rows))
    plain = load_model("SentenceTransformer", model)
    exact = Encoder(load_model("SentenceTransformer", model), model)
    runs: dict[str, Any] = {
        "sentence-transformers, defaults": lambda: plain.encode_document(
            texts, show_progress_bar=False, normalize_embeddings=exact.normalize
        ),
        "hardneg, fp32": lambda: exact.documents(texts),
    }
    auto = best_precision(str(plain.device))
    if auto != "fp32":
        quick = Encoder(load_model("SentenceTransformer", model), model, precision=auto)
        runs[f"hardneg, {auto} (auto here)"] = lambda: quick.documents(texts)
    seconds, given = compare(runs, rounds)
    reference = given["sentence-transformers, defaults"]
    print(f"{len(texts):,} documents of {folder}\n")
    table(seconds, {name: fidelity(reference, vectors) for name, vectors in given.items()})


def fidelity(reference: FloatArray, vectors: FloatArray) -> str:
    """Returns the mean cosine to the reference's vectors, and the overlap of nearest neighbours."""
    cosines = (reference * vectors).sum(axis=1) / (
        np.linalg.norm(reference, axis=1) * np.linalg.norm(vectors, axis=1)
    )
    nearest = [np.argsort(-(each @ each.T), axis=1)[:, 1:11] for each in (reference, vectors)]
    shared = [len(np.intersect1d(a, b)) for a, b in zip(*nearest, strict=True)]
    return f"cosine {cosines.mean():.6f}, top-10 overlap {np.mean(shared) / 10:.4f}"


if __name__ == "__main__":
    typer.run(main)
