"""BM25 against bm25s, rank_bm25 and tantivy: time to index and to search, memory, and the same results.

    python benchmarks/bm25.py terms FOLDER [--split test] [--rounds 3]
    python benchmarks/bm25.py scale FOLDERS... [--documents 100000 --documents 1000000] [--program hardneg]

`terms` gives all the same terms. `scale` joins two sentences of the BEIR folders into each document, as
`large.py` does, and asks their own queries; each program splits words by itself, keeps all and stems none.
`exhaustive` is hardneg's index, searched as before there were bounds: all postings, added to all documents.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer
from large import gather, joined
from timing import clock, compare, machine, table

from hardneg.core.components import Context, OpenedRanker
from hardneg.core.records import Collection, Documents, FloatArray, IntArray, Judgments, Queries
from hardneg.rankers.bm25 import Bm25
from hardneg.rankers.inverted.index import InvertedIndex, SparseRows
from hardneg.rankers.inverted.max_score import LongArray
from hardneg.rankers.inverted.tokenizer import Vocabulary, stemmer
from hardneg.rankers.kernels.jit import njit
from hardneg.rankers.kernels.parallel import parallel_for
from hardneg.rankers.kernels.top_k import heap_sort, push_row
from hardneg.sources import LoadOptions, load

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Search = Callable[[int], tuple[IntArray, FloatArray]]
_BLOCK = 65_536


@app.command()
def terms(folder: str, split: str = "test", rounds: int = 3, depth: int = 100, queries: int = 200) -> None:
    """Prints a table; no stemming, so that all three read the same terms."""
    import bm25s
    from rank_bm25 import BM25Okapi

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
        "hardneg, exhaustive": lambda: exhaustive(ours, rows, depth),
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


@app.command()
def scale(
    folders: list[Path],
    documents: Annotated[list[int], typer.Option()] = [100_000, 1_000_000, 10_000_000],  # noqa: B006
    program: Annotated[list[str], typer.Option()] = ["hardneg", "bm25s", "tantivy", "exhaustive"],  # noqa: B006
    queries: int = 200,
    depth: int = 100,
    rounds: int = 3,
    bm25s_at_most: int = 1_000_000,
    folder: Path | None = None,
) -> None:
    """Prints a table; each program is a process of its own, and they search in turns."""
    peers = [name for name in ("bm25s", "tantivy") if name in program and find_spec(name)]
    machine("numba", *peers)
    asked = questions(folders, queries)
    print(f"{len(asked)} queries of {', '.join(path.name for path in folders)}, the best {depth}\n")
    print(
        "| documents | program | documents a second | queries a second | speed | own memory, GB | resident |"
    )
    print("|---|---|---|---|---|---|---|")
    with TemporaryDirectory(dir=folder) as temporary:
        for size in documents:
            corpus = write_corpus(folders, size, Path(temporary) / f"{size}.arrow")
            left_out = {"bm25s", "tantivy"}.difference(peers) | ({"bm25s"} if size > bm25s_at_most else set())
            names = [name for name in program if name not in left_out]
            measure(names, corpus, asked, depth, rounds, size)
            corpus.unlink()


def measure(names: list[str], corpus: Path, asked: list[str], depth: int, rounds: int, size: int) -> None:
    """Prints the rows of one size."""
    spawn = multiprocessing.get_context("spawn")
    workers = {name: ProcessPoolExecutor(1, spawn) for name in names}
    indexing = {name: worker.submit(_open, name, corpus, asked).result() for name, worker in workers.items()}
    found = {name: worker.submit(_search, depth).result() for name, worker in workers.items()}
    if {"hardneg", "exhaustive"} <= set(names):
        for ours, right in zip(found["hardneg"][1:], found["exhaustive"][1:], strict=True):
            assert ours.tobytes() == right.tobytes(), "other results than those of the exhaustive search"
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, worker in workers.items():
            seconds[name].append(worker.submit(_search, depth).result()[0])
    for name, worker in workers.items():
        ratio = statistics.median(b / a for a, b in zip(seconds[name], seconds[names[-1]], strict=True))
        memory = " | ".join(f"{each:.2f}" for each in worker.submit(_memory).result())
        built = "" if name == "exhaustive" else f"{size / indexing[name]:,.0f}"
        asked_a_second = len(asked) / statistics.median(seconds[name])
        print(f"| {size:,} | {name} | {built} | {asked_a_second:,.0f} | {ratio:.2f} | {memory} |", flush=True)
        worker.shutdown()


def questions(folders: list[Path], count: int) -> list[str]:
    """Returns so many queries of the folders, as many of each as there are, evenly."""
    found = []
    for folder in folders:
        lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
        texts = [json.loads(line)["text"] for line in lines]
        share = min(len(texts), -(-count // len(folders)))
        found.append([texts[place] for place in np.linspace(0, len(texts) - 1, share, dtype=int)])
    return list(chain.from_iterable(found))[:count]


def write_corpus(folders: list[Path], size: int, path: Path) -> Path:
    """Writes documents of two sentences each as an Arrow file, and returns its path."""
    sentences = gather(folders)
    schema = pa.schema([(name, pa.string()) for name in ("doc_id", "title", "text")])
    with pa.ipc.new_file(path, schema) as file:
        for begin in range(0, size, _BLOCK):
            numbers = range(begin, min(begin + _BLOCK, size))
            texts = [joined(sentences, number) for number in numbers]
            columns = [list(map(str, numbers)), [""] * len(texts), texts]
            file.write_batch(pa.record_batch([pa.array(column, pa.string()) for column in columns], schema))
    return path


_OPEN: dict[str, Search] = {}


def _open(name: str, corpus: Path, asked: list[str]) -> float:
    """Indexes a corpus; returns the seconds it took."""
    begin = clock()
    _OPEN["search"] = PROGRAMS[name](corpus, asked)
    return clock() - begin


def _search(depth: int) -> tuple[float, IntArray, FloatArray]:
    """Returns the seconds, the documents and the scores of all queries."""
    begin = clock()
    docs, scores = _OPEN["search"](depth)
    return clock() - begin, docs, scores


def _memory() -> tuple[float, float]:
    """Returns GB: what is this process's own now, and the peak of that with the mapped pages of files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = dict(line.split(":", 1) for line in lines)
    own, peak = (int(sizes[name].split()[0]) / 1e6 for name in ("RssAnon", "VmHWM"))
    return own, peak


def _hardneg(corpus: Path, asked: list[str]) -> Search:
    ranker = _ranker(corpus, asked)
    return lambda depth: ranker.search(np.arange(len(asked), dtype=np.int32), depth)


def _exhaustive(corpus: Path, asked: list[str]) -> Search:
    ranker = _ranker(corpus, asked)
    return lambda depth: exhaustive(ranker, np.arange(len(asked), dtype=np.int32), depth)


def _ranker(corpus: Path, asked: list[str]) -> OpenedRanker:
    mapped = pa.ipc.open_file(pa.memory_map(str(corpus))).read_all()
    keys, none = np.zeros(len(mapped), np.uint64), np.empty(0, np.int32)
    queries = pa.table({"query_id": list(map(str, range(len(asked)))), "text": asked})
    whole = Collection(
        corpus.stem,
        Documents(mapped, keys, keys),
        Queries(queries, np.zeros(len(asked), np.uint64)),
        Judgments(none, none, none),
    )
    return _opened(whole, corpus.parent / "cache")[0]


def _opened(whole: Collection, cache: Path) -> tuple[OpenedRanker, float]:
    """Returns the ranker, and the seconds that opening it took."""
    begin = time.perf_counter()
    ranker = Bm25(language="none").open(whole, Context(cache))
    return ranker, time.perf_counter() - begin


def _bm25s(corpus: Path, asked: list[str]) -> Search:
    import bm25s

    tokens = bm25s.tokenize(list(_texts(corpus)), stopwords=None, show_progress=False)
    index = bm25s.BM25(method="lucene", backend="numba")
    index.index(tokens, show_progress=False)
    words = bm25s.tokenize(asked, stopwords=None, return_ids=False, show_progress=False)

    def search(depth: int) -> tuple[IntArray, FloatArray]:
        threads = int(os.environ.get("NUMBA_NUM_THREADS", os.cpu_count() or 1))
        docs, scores = index.retrieve(words, k=depth, show_progress=False, n_threads=threads)
        return docs, scores

    return search


def _tantivy(corpus: Path, asked: list[str]) -> Search:
    import tantivy

    schema = tantivy.SchemaBuilder().add_text_field("text", index_option="freq").build()
    folder = corpus.with_suffix(".tantivy")
    folder.mkdir()
    index = tantivy.Index(schema, str(folder))
    writer = index.writer(1 << 30, num_threads=1)
    for text in _texts(corpus):
        writer.add_document(tantivy.Document(text=text))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()
    queries = [_tantivy_query(tantivy, schema, Vocabulary(lambda word: word), text) for text in asked]

    def search(depth: int) -> tuple[IntArray, FloatArray]:
        for query in queries:
            searcher.search(query, depth, count=False)
        return np.empty(0, np.int32), np.empty(0, np.float32)

    return search


def _tantivy_query(tantivy: Any, schema: Any, vocabulary: Vocabulary, text: str) -> Any:
    vocabulary.encode(text)
    words = [tantivy.Query.term_query(schema, "text", word, "freq") for word in vocabulary.stems]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, word) for word in words])


def _texts(corpus: Path) -> Iterator[str]:
    with pa.ipc.open_file(pa.memory_map(str(corpus))) as file:
        for number in range(file.num_record_batches):
            yield from file.get_batch(number)["text"].to_pylist()


PROGRAMS: dict[str, Callable[[Path, list[str]], Search]] = {
    "hardneg": _hardneg,
    "exhaustive": _exhaustive,
    "bm25s": _bm25s,
    "tantivy": _tantivy,
}


def exhaustive(ranker: Any, rows: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
    """Returns what the ranker's search returns, from an array of all documents for each query."""
    index: InvertedIndex = ranker.index
    queries: SparseRows = ranker._queries.select(rows)
    docs, scores = np.full((len(rows), depth), -1, np.int32), np.full((len(rows), depth), np.nan, np.float32)
    of_index = index.indptr, index.docs, index.weights, index.n_docs
    parallel_for(lambda part: _sum_all(*of_index, *queries.arrays(part), docs[part], scores[part]), len(rows))
    return docs, scores


@njit
def _sum_all(
    indptr: LongArray,
    postings: IntArray,
    weights: FloatArray,
    n_docs: int,
    rows: LongArray,
    terms: IntArray,
    term_weights: FloatArray,
    docs: IntArray,
    scores: FloatArray,
) -> None:
    totals = np.empty(n_docs, np.float32)
    for row in range(len(docs)):
        totals[:] = 0
        for entry in range(rows[row], rows[row + 1]):
            term, weight = terms[entry], term_weights[entry]
            for posting in range(indptr[term], indptr[term + 1]):
                totals[postings[posting]] += weight * weights[posting]
        size = push_row(totals, 0, 0.0, docs[row], scores[row], 0)
        heap_sort(docs[row], scores[row], size)


if __name__ == "__main__":
    app()
