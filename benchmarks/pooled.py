"""Writes a small part of a collection, hard as the whole: a few queries and what BM25 finds for them.

    python benchmarks/pooled.py FOLDER OUT [--train 400] [--test 300] [--depth 5]

The queries are drawn by a digest of their ids from the splits `train` and `test`. The corpus is their
relevant documents and the first few that BM25 ranks for each. OUT is a folder in BEIR's layout, for students
that are too slow for the whole.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import typer

from hardneg.core.components import RANKERS, Context
from hardneg.core.files import cache_folder
from hardneg.core.records import Collection, IntArray, Judgments
from hardneg.sources import LoadOptions, load


def main(folder: str, out: Path, train: int = 400, test: int = 300, depth: int = 5) -> None:
    """Prints how large the part is."""
    drawn = {split: draw(folder, split, count) for split, count in (("train", train), ("test", test))}
    (out / "qrels").mkdir(parents=True, exist_ok=True)
    docs: dict[str, str] = {}
    queries: dict[str, str] = {}
    for split, (whole, rows) in drawn.items():
        judgments = whole.judgments.only(np.isin(whole.judgments.query, rows))
        (out / "qrels" / f"{split}.tsv").write_text(qrels(whole, judgments), encoding="utf-8")
        queries |= dict(zip(whole.queries.ids(rows), whole.queries.texts(rows), strict=True))
        found, _ = RANKERS.make("bm25").open(whole, Context(cache_folder())).search(rows, depth)
        kept = np.union1d(found[found >= 0], judgments.doc)
        docs |= dict(zip(whole.documents.ids(kept), whole.documents.texts(kept), strict=True))
    write(out / "corpus.jsonl", docs)
    write(out / "queries.jsonl", queries)
    print(f"{out}: {len(docs):,} documents, {len(queries):,} queries")


def draw(folder: str, split: str, count: int) -> tuple[Collection, IntArray]:
    """Returns a split and the query rows drawn from it."""
    whole = load(folder, LoadOptions(split=split, empty_texts="skip"))
    rows = whole.judgments.queries_with_positives
    keys = [hashlib.sha256(query.encode()).hexdigest() for query in whole.queries.ids(rows)]
    return whole, np.sort(rows[np.argsort(keys)[:count]])


def qrels(whole: Collection, judgments: Judgments) -> str:
    """Returns judgments of a collection as BEIR has them."""
    names = whole.queries.ids(judgments.query), whole.documents.ids(judgments.doc)
    triples = zip(*names, map(str, judgments.relevance.tolist()), strict=True)
    return "\n".join(["query-id\tcorpus-id\tscore", *map("\t".join, triples)]) + "\n"


def write(path: Path, texts: dict[str, str]) -> None:
    """Writes JSON lines, sorted by id."""
    lines = (json.dumps({"_id": name, "text": texts[name]}, ensure_ascii=False) for name in sorted(texts))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
