"""Search, encoding, reranking, the whole job and training on one large GPU; nothing is downloaded.

python benchmarks/gpu.py [--device cuda] [--share 1.0] [--out gpu.json] [--only search,encode,rerank,...]

Under six minutes on a GPU with 80 GB; `--device cpu --share 0.002` tries it anywhere. Vectors and texts are
made on the spot, and models have random weights: speed does not depend on them. Every variant runs once to
warm up and then `--rounds` times in turn; the table has medians, the JSON every round. Search is checked
against products in float64, and its share of the device is that of the bf16 product measured beside it.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from timing import machine

from hardneg import Collection, Recipe, mine, train
from hardneg.rankers.dense import Dense
from hardneg.rankers.dense.encode import Encoder
from hardneg.rankers.dense.models import best_precision, load_model
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch
from hardneg.rankers.pairs.model import PairModel

SIZES = {"MiniLM-sized": (6, 384, 12), "large": (24, 1_024, 16)}
"""Layers, dimensions and heads of the models."""
DEPTH = 100
Rows = list[dict[str, Any]]


def main(
    device: str = "cuda",
    share: float = 1.0,
    out: Path = Path("gpu.json"),
    only: str = "search,encode,rerank,job,train",
    rounds: int = 3,
) -> None:
    """Prints a table, and writes it and all rounds as JSON, after every part."""
    machine("sentence-transformers", "transformers")
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else device
    print(f"device: {name}\n\n| part | variant | seconds | rate | |\n|---|---|---|---|---|", flush=True)
    parts = {"search": search, "encode": encode, "rerank": rerank, "job": job, "train": training}
    rows: Rows = []
    with tempfile.TemporaryDirectory(prefix="gpu-") as made:
        for part in only.split(","):
            for row in parts[part](device, share, rounds, Path(made)):
                rows.append({"part": part, **row})
                print(
                    f"| {part} | {row['variant']} | {row['seconds']:.2f} | {row['rate']} | {row['note']} |",
                    flush=True,
                )
            out.write_text(json.dumps({"device": name, "torch": torch.__version__, "rows": rows}, indent=1))


def search(device: str, share: float, rounds: int, place: Path) -> Iterator[dict[str, Any]]:
    """The best 100 of a million documents for 10,000 queries, at 384 and 1,024 dimensions."""
    for dimension in (384, 1_024):
        yield from search_at(dimension, device, share, rounds)


def search_at(dimension: int, device: str, share: float, rounds: int) -> Iterator[dict[str, Any]]:
    """Searches vectors of one size."""
    corpus, asked = (normal(count, dimension, device) for count in (int(1e6 * share), int(1e4 * share) + 9))
    documents, queries = corpus.cpu().numpy(), asked.cpu().numpy()
    found = ExactSearch(Vectors.of(documents), len(queries), devices=[device])
    runs: dict[str, Callable[[], Any]] = {
        "torch fp32 matmul + topk": lambda: by_torch(corpus, asked),
        "sentence_transformers.util.semantic_search": lambda: by_library(corpus, asked),
        "hardneg, documents on the device": lambda: found.search(queries, DEPTH)[0],
        "hardneg, copying the documents first": lambda: ExactSearch(
            Vectors.of(documents), len(queries), devices=[device]
        ).search(queries, DEPTH)[0],
    }
    if faiss := on_faiss(documents, queries):
        runs["FAISS, flat on the GPU"] = faiss
    operations = 2.0 * len(documents) * len(queries) * dimension
    ceiling = product_rate(dimension, device)
    truth = exact(corpus, asked[:200])
    for name, seconds, ids in timed(runs, rounds, device):
        same = (np.sort(np.asarray(ids)[:200], 1) == np.sort(truth, 1)).all(1).mean()
        note = (
            f"{dimension} dimensions; {operations / np.median(seconds) / ceiling:.0%} of the bf16 product; "
        )
        yield row(name, seconds, len(queries), "queries/s", note + f"{same:.1%} of queries as in float64")


def encode(device: str, share: float, rounds: int, place: Path) -> Iterator[dict[str, Any]]:
    """100,000 texts of 10 to 200 words, with a small model and a tenth of them with a large one."""
    for size, part in (("MiniLM-sized", share), ("large", share / 10)):
        yield from encode_by(size, device, part, rounds, place)


def encode_by(size: str, device: str, share: float, rounds: int, place: Path) -> Iterator[dict[str, Any]]:
    """Encodes with one model."""
    texts = made_texts(int(1e5 * share) + 9, 0)
    folder = str(model_folder(place, size))
    precision = best_precision(device)
    ours = Encoder(load_model("SentenceTransformer", folder, device=device), size, precision=precision)
    theirs = load_model("SentenceTransformer", folder, device=device)
    rounded = load_model("SentenceTransformer", folder, device=device)
    rounded[0].to({"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[precision])
    options = {"show_progress_bar": False, "batch_size": 256}
    runs: dict[str, Callable[[], Any]] = {
        f"sentence-transformers, {size}": lambda: theirs.encode(texts, **options),
        f"sentence-transformers in {precision}, {size}": lambda: rounded.encode(texts, **options),
        f"hardneg in {precision}, {size}": lambda: ours.documents(texts),
    }
    busy = {name: busy_share(run, device) for name, run in runs.items()}
    for name, seconds, _ in timed(runs, rounds, device):
        yield row(name, seconds, len(texts), "texts/s", f"device busy {busy[name]}")


def rerank(device: str, share: float, rounds: int, place: Path) -> Iterator[dict[str, Any]]:
    """100,000 pairs with a small cross-encoder."""
    from sentence_transformers import CrossEncoder

    queries, documents = made_texts(int(1e5 * share) + 9, 1, longest=12), made_texts(int(1e5 * share) + 9, 2)
    pairs = list(zip(queries, documents, strict=True))
    body = str(transformer_folder(place, "MiniLM-sized"))
    ours = PairModel(CrossEncoder(body, num_labels=1, device=device), "x", precision=best_precision(device))
    theirs = CrossEncoder(body, num_labels=1, device=device)
    runs: dict[str, Callable[[], Any]] = {
        "CrossEncoder.predict": lambda: theirs.predict(pairs, batch_size=256, show_progress_bar=False),
        "hardneg": lambda: ours.scores(queries, documents),
    }
    for name, seconds, _ in timed(runs, rounds, device):
        yield row(name, seconds, len(pairs), "pairs/s", "")


def job(device: str, share: float, rounds: int, place: Path) -> Iterator[dict[str, Any]]:
    """10,000 pairs among 100,000 documents: from texts to negatives, models loaded."""
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    count = int(1e4 * share) + 20
    queries, corpus = made_texts(count, 3, longest=12), made_texts(10 * count, 4)
    folder = str(model_folder(place, "MiniLM-sized"))
    pairs = Dataset.from_dict({"query": queries, "answer": corpus[:count]})
    model = load_model("SentenceTransformer", folder, device=device)
    collection = Collection.of(
        [{"query": query, "positive": text} for query, text in zip(queries, corpus, strict=False)],
        corpus={f"d{number}": text for number, text in enumerate(corpus)},
    )
    recipe = Recipe.named("perc-pos", rankers=[Dense(folder, device=device)])

    def ours() -> Any:
        with tempfile.TemporaryDirectory() as cache:
            return mine(collection, recipe, cache=Path(cache))

    options: dict[str, Any] = {
        "num_negatives": 4,
        "relative_margin": 0.05,
        "range_max": DEPTH,
        "batch_size": 256,
        "verbose": False,
    }
    runs: dict[str, Callable[[], Any]] = {
        "mine_hard_negatives": lambda: mine_hard_negatives(pairs, model, corpus=corpus, **options),
        "hardneg.mine": ours,
    }
    for name, seconds, _ in timed(runs, min(rounds, 2), device):
        yield row(name, seconds, count, "queries/s", "")


def training(device: str, share: float, rounds: int, place: Path) -> Iterator[dict[str, Any]]:
    """Steps of a small student, 32 queries with 4 negatives each."""
    count = int(4_000 * share) + 40
    queries, corpus = made_texts(count, 5, longest=12), made_texts(5 * count, 6, longest=60)
    pairs = [{"query": query, "positive": text} for query, text in zip(queries, corpus, strict=False)]
    collection = Collection.of(pairs, corpus={f"d{number}": text for number, text in enumerate(corpus)})
    run = mine(collection, Recipe.named("random"))
    student = str(model_folder(place, "MiniLM-sized"))
    begin = time.perf_counter()
    train(run, place / "student", {"student": student, "epochs": 1, "batch_size": 32})
    seconds = [time.perf_counter() - begin]
    yield row("hardneg train", seconds, -(-count // 32), "steps/s", "loading and saving counted")


def row(name: str, seconds: list[float], count: int, unit: str, note: str) -> dict[str, Any]:
    """Returns a row of the table."""
    median = float(np.median(seconds))
    return {
        "variant": name,
        "seconds": median,
        "rounds": seconds,
        "rate": f"{count / median:,.0f} {unit}",
        "note": note,
    }


def timed(
    runs: dict[str, Callable[[], Any]], rounds: int, device: str
) -> Iterator[tuple[str, list[float], Any]]:
    """Yields each variant's seconds, and what it gave, after all had their turns."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    given = {}
    for number in range(rounds + 1):
        for name, run in runs.items():
            begin = time.perf_counter()
            given[name] = run()
            if device.startswith("cuda"):
                torch.cuda.synchronize()
            if number:
                seconds[name].append(time.perf_counter() - begin)
    for name in runs:
        yield name, seconds[name], given[name]


def normal(count: int, dimension: int, device: str) -> torch.Tensor:
    """Returns (count, dimension) float32 of length 1, in clusters."""
    generator = torch.Generator(device).manual_seed(dimension + count)
    centres = torch.randn(500, dimension, generator=torch.Generator(device).manual_seed(0), device=device)
    owners = torch.randint(500, (count,), generator=generator, device=device)
    noise = torch.randn(count, dimension, generator=generator, device=device)
    return torch.nn.functional.normalize(centres[owners] + noise)


def by_torch(corpus: torch.Tensor, asked: torch.Tensor) -> Any:
    """Returns the best by products in fp32, 1,024 queries at a time."""
    return (
        torch.cat([(some @ corpus.T).topk(DEPTH).indices for some in torch.split(asked, 1_024)]).cpu().numpy()
    )


def by_library(corpus: torch.Tensor, asked: torch.Tensor) -> Any:
    """Returns the best by sentence-transformers."""
    from sentence_transformers.util import semantic_search

    found = semantic_search(asked, corpus, query_chunk_size=1_024, top_k=DEPTH)
    return np.array([[hit["corpus_id"] for hit in hits] for hits in found])


def on_faiss(documents: Any, queries: Any) -> Callable[[], Any] | None:
    """Returns a search with FAISS on the GPU; None where it has none."""
    try:
        import faiss

        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, faiss.IndexFlatIP(documents.shape[1]))
    except (ImportError, AttributeError):
        return None
    index.add(documents)
    return lambda: index.search(queries, DEPTH)[1]


def exact(corpus: torch.Tensor, asked: torch.Tensor) -> Any:
    """Returns the best by products in float64."""
    products = [asked.double() @ part.double().T for part in torch.split(corpus, 65_536)]
    return torch.cat(products, dim=1).topk(DEPTH).indices.cpu().numpy()


def product_rate(dimension: int, device: str) -> float:
    """Returns the operations a second of a bf16 product of this depth, its result in bf16."""
    small = 1 if device.startswith("cuda") else 16
    left, right = (
        torch.randn(count // small, dimension, device=device).bfloat16() for count in (8_192, 65_536)
    )
    times = []
    for _ in range(6):
        begin = time.perf_counter()
        float((left @ right.T)[0, 0])
        times.append(time.perf_counter() - begin)
    return 2.0 * len(left) * len(right) * dimension / min(times)


def busy_share(run: Callable[[], Any], device: str) -> str:
    """Returns the share of time in which the device computes."""
    if not device.startswith("cuda"):
        return "unknown"
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        begin = time.perf_counter()
        run()
        torch.cuda.synchronize()
        spent = time.perf_counter() - begin
    computing = sum(event.self_device_time_total for event in profile.key_averages())
    return f"{computing / 1e6 / spent:.0%}"


def made_texts(count: int, seed: int, longest: int = 200) -> list[str]:
    """Returns texts of words of three to nine letters, most of them short."""
    random = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlucmfwypvbgkqjxz"))
    words = ["".join(random.choice(letters, random.integers(3, 10))) for _ in range(20_000)]
    lengths = np.clip(random.lognormal(np.log(longest / 4), 0.6, count), 5, longest).astype(int)
    picked = random.integers(0, len(words), lengths.sum())
    ends = np.cumsum(lengths)
    return [" ".join(words[i] for i in picked[end - n : end]) for n, end in zip(lengths, ends, strict=True)]


def transformer_folder(place: Path, size: str) -> Path:
    """Saves a BERT with random weights and a tokenizer of letter pairs."""
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = place / f"bert-{size}"
    if folder.exists():
        return folder
    folder.mkdir()
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = [*letters, *(a + b for a in letters for b in letters)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces, *(f"##{piece}" for piece in pieces)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    layers, dimension, heads = SIZES[size]
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=dimension, num_hidden_layers=layers,
        num_attention_heads=heads, intermediate_size=4 * dimension,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    BertTokenizer(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def model_folder(place: Path, size: str) -> Path:
    """Saves a bi-encoder of random weights that pools by the mean."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    folder = place / f"bi-{size}"
    if not folder.exists():
        transformer = Transformer(str(transformer_folder(place, size)), max_seq_length=256)
        modules = [transformer, Pooling(transformer.get_embedding_dimension(), "mean")]
        SentenceTransformer(modules=modules, device="cpu").save(str(folder))
    return folder


if __name__ == "__main__":
    typer.run(main)
