"""BM25 against plain bm25s and rank_bm25 on the same terms: time to retrieve, to open, and the same results.

python benchmarks/bm25.py FOLDER [--split test] [--rounds 3]
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bm25s
import numpy as np
import typer
from rank_bm25 import BM25Okapi
from timing import compare, machine, table

from hardneg.core.components import Context, OpenedRanker
from hardneg.core.records import Collection
from hardneg.rankers.bm25 import Bm25
from hardneg.rankers.inverted.tokenizer import Vocabulary, stemmer
from hardneg.sources import LoadOptions, load


def main(folder: str, split: str = "test", rounds: int = 3, depth: int = 100, queries: int = 200) -> None:
    """Prints a table; no stemming, so that all three read the same terms."""
    machine("bm25s", "rank-bm25", "numba")
    whole = load(folder, LoadOptions(split=split))
    rows = np.arange(min(queries, len(whole.queries)), dtype=np.int32)
    with TemporaryDirectory() as cache:
        opened = [_opened(whole, Path(cache)) for _ in range(2)]
    ours = opened[0][0]
    vocabulary = Vocabulary(stemmer({}))
    tokens = [vocabulary.encode(text) for text in whole.documents.texts(range(len(whole.documents)))]
    asked = [vocabulary.encode_known(text) for text in whole.queries.texts(rows)]
    plain = bm25s.BM25(method="lucene")
    plain.index(tuple([tokens, {str(n): n for n in range(vocabulary.size)}]), show_progress=False)
    okapi = BM25Okapi(tokens)

    def by_bm25s() -> Any:
        return np.stack([plain.get_scores_from_ids(ids) for ids in asked])

    def by_okapi() -> Any:
        return np.stack([okapi.get_scores(ids) for ids in asked])

    runs: dict[str, Any] = {
        "bm25s (scores)": by_bm25s,
        "rank_bm25 (scores)": by_okapi,
        "hardneg (scores and the best)": lambda: ours.search(rows, depth),
    }
    seconds, given = compare(runs, rounds)
    docs, scores = given["hardneg (scores and the best)"]
    theirs = np.take_along_axis(given["bm25s (scores)"], np.maximum(docs, 0), axis=1)
    off = np.nanmax(np.abs(theirs - scores))
    print(f"{len(whole.documents):,} documents, {len(rows)} queries of {folder}, the best {depth}")
    print(f"largest difference of scores from bm25s': {off:.1e}\n")
    table(seconds, {})
    built, kept = (spent for _, spent in opened)
    print(f"\nopened in {built:.2f} seconds, from the cache in {kept:.2f}")


def _opened(whole: Collection, cache: Path) -> tuple[OpenedRanker, float]:
    """Returns the ranker, and the seconds that opening it took."""
    begin = time.perf_counter()
    ranker = Bm25(language="none").open(whole, Context(cache))
    return ranker, time.perf_counter() - begin


if __name__ == "__main__":
    typer.run(main)
