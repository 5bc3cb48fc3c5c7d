"""Measures how wrong positives are counted and found where it is known which are wrong: some are shuffled.

A share of the labelled pairs, drawn by query and document, is put together anew: their queries exchange their
documents, so that no query keeps its own or gets one that it is labelled with. Then the collection is mined.

`share` is the estimate with its interval beside the true share; `found` and `precision` are of what is
suspected (p above `max_p`), `found at 95 %` is the largest part of the shuffled pairs that can be had with a
precision of 95 % in the order of p; `lost` is the share of the other positives that would be dropped. With
`--train` students of some seeds learn from what is kept and from what is left after dropping: nDCG@10 on the
test split, mean and standard deviation over seeds, and a paired randomisation test over queries, each query's
mean over seeds.

    python benchmarks/noisy_positives.py FOLDER [--split train] [--queries 1000] [--ranker bm25 --ranker ...]
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import typer

import hardneg
from hardneg.core import noise
from hardneg.core.records import BoolArray, Collection, IntArray, Judgments, part
from hardneg.evaluation.significance import paired_tests
from hardneg.sources import LoadOptions, load
from hardneg.training import TrainSettings

SHARES = "0,0.05,0.1,0.2"
PRECISION = 0.95
Pair = tuple[str, str]
Floats = npt.NDArray[np.float64]


class Found(NamedTuple):
    """What the probabilities of a run's positives come to."""

    wrong: float
    precision: float
    recall: float
    recall_at: float
    lost: float


def main(
    folder: str,
    split: str = "train",
    shares: str = SHARES,
    queries: Annotated[int | None, typer.Option(help="Queries to take, and documents likewise.")] = None,
    ranker: Annotated[list[str] | None, typer.Option()] = None,
    min_relevance: int = 1,
    train: Annotated[bool, typer.Option(help="Train and evaluate students, too.")] = False,
    student: str = "static:default",
    seeds: int = 3,
    set_: Annotated[list[str] | None, typer.Option("--set")] = None,
    train_set: Annotated[list[str] | None, typer.Option("--train-set")] = None,
) -> None:
    """Prints a line for each share of shuffled positives."""
    options = LoadOptions(split=split, min_relevance=min_relevance, empty_texts="skip")
    whole = load(folder, options)
    taken = whole if queries is None else sample(whole, queries)
    positives = int((taken.judgments.relevance >= min_relevance).sum())
    print(f"{whole.name}: {positives:,} positives, {len(taken.documents):,} documents", flush=True)
    for share in map(float, shares.split(",")):
        noisy, wrong = shuffle(taken, share)
        changes = ["format=jsonl", *(set_ or ())]
        recipe = hardneg.Recipe.named("default", changes, rankers=ranker)
        with tempfile.TemporaryDirectory() as out:
            run = hardneg.mine(noisy, recipe, Path(out) / "kept", report=False)
            print(
                line(run.info["positives"], measure(run.candidates, wrong, recipe.positives.max_p)),
                flush=True,
            )
            if train:
                again = hardneg.Recipe.named(recipe.settings(), ["positives.action=drop"])
                hardneg.select(run, again, Path(out) / "dropped", report=False)
                test = load(folder, replace(options, split="test"))
                changes = [f"student={student}", *(train_set or ())]
                students = {
                    name: ndcg(Path(out) / name, noisy, test, changes, seeds) for name in ("kept", "dropped")
                }
                print(compared(students), flush=True)


def sample(whole: Collection, count: int) -> Collection:
    """Returns some queries, their judged documents and as many others, drawn by ids and texts."""
    queries = whole.judgments.queries_with_positives
    keys = noise.uniform(1, whole.queries.id_keys[queries], np.zeros(1, np.uint64))
    kept = np.sort(queries[np.argsort(keys, kind="stable")[:count]])
    own = np.unique(whole.judgments.doc[np.isin(whole.judgments.query, kept)])
    others = np.setdiff1d(np.arange(len(whole.documents), dtype=np.int32), own)
    drawn = noise.uniform(1, np.zeros(1, np.uint64), whole.documents.keys[others])
    more = others[np.argsort(drawn, kind="stable")[: len(own)]]
    return part(whole, kept, np.sort(np.concatenate([own, more])).astype(np.int32))


def shuffle(whole: Collection, share: float) -> tuple[Collection, set[Pair]]:
    """Returns the collection with a share of its positives exchanged, and their (query_id, doc_id)."""
    judgments = whole.judgments
    positive = np.flatnonzero(judgments.relevance >= judgments.min_relevance)
    queries, docs = judgments.query[positive], judgments.doc[positive]
    drawn = noise.uniform(2, whole.queries.id_keys[queries], whole.documents.keys[docs])
    order = np.argsort(drawn, kind="stable")[: round(share * len(positive))]
    exchanged = exchange(queries[order], docs[order], whole)
    changed = judgments.doc.copy()
    changed[positive[order]] = exchanged
    noisy = Judgments(judgments.query, changed, judgments.relevance, judgments.min_relevance)
    wrong = set(zip(whole.queries.ids(queries[order]), whole.documents.ids(exchanged), strict=True))
    return replace(whole, judgments=noisy, digest=f"{whole.digest}, {share} exchanged"), wrong


def exchange(queries: IntArray, docs: IntArray, whole: Collection) -> IntArray:
    """Returns the documents in another order, in which no query has one that it is labelled with."""
    generator = np.random.default_rng(0)
    moved = generator.permutation(docs)
    for _ in range(1_000):
        taken = set[Pair]()
        own = whole.judgments.relevant.has(queries, moved[:, None])[:, 0]
        for place, pair in enumerate(zip(queries.tolist(), moved.tolist(), strict=True)):
            own[place] |= pair in taken
            taken.add(pair)
        bad = np.flatnonzero(own)
        if not len(bad):
            return moved
        places = np.union1d(bad, generator.integers(0, len(moved), max(len(bad), 2)))
        moved[places] = moved[generator.permutation(places)]
    raise RuntimeError("there is no such order")


def measure(ledger: pa.Table, wrong: set[Pair], bound: float) -> Found:
    """Returns how well the probabilities find the wrong pairs."""
    own = ledger.filter(pc.is_valid(ledger["p_noisy"])) if "p_noisy" in ledger.column_names else ledger[:0]
    pairs = zip(own["query_id"].to_pylist(), own["doc_id"].to_pylist(), strict=True)
    truth = np.array([pair in wrong for pair in pairs], bool)
    probability = own["p_noisy"].to_numpy() if len(own) else np.empty(0)
    suspected = probability > bound
    right = int((suspected & truth).sum())
    return Found(
        float(truth.mean()) if len(truth) else 0.0,
        right / max(int(suspected.sum()), 1),
        right / max(int(truth.sum()), 1),
        recall_at(probability, truth),
        int((suspected & ~truth).sum()) / max(int((~truth).sum()), 1),
    )


def recall_at(probability: npt.NDArray[Any], truth: BoolArray) -> float:
    """Returns the largest recall with a precision of 95 %, pairs of equal probability taken together."""
    order = np.argsort(-probability, kind="stable")
    hits, taken = np.cumsum(truth[order]), np.arange(1, len(order) + 1)
    ends = np.r_[np.diff(probability[order]) != 0, True][: len(order)]
    good = ends & (hits >= PRECISION * taken)
    return float(hits[good].max(initial=0) / max(int(truth.sum()), 1))


def line(facts: dict[str, Any], found: Found) -> str:
    """Returns one line of the table."""
    if facts.get("share") is None:
        return f"shuffled {found.wrong:6.2%}  not estimated: {facts.get('why')}"
    return (
        f"shuffled {found.wrong:6.2%}  "
        f"share {facts['share']:6.2%} [{facts['low']:.2%}, {facts['high']:.2%}]  "
        f"AUC {facts['auc']:.4f}  found {found.recall:6.1%}  precision {found.precision:6.1%}  "
        f"found at 95 % {found.recall_at:6.1%}  lost {found.lost:.2%}"
    )


def ndcg(run: Path, mined: Collection, test: Collection, changes: list[str], seeds: int) -> Floats:
    """Returns (seeds, n_queries) float64: nDCG@10 of students that learned from a run."""
    values = []
    for seed in range(seeds):
        model = run.parent / f"{run.name}-{seed}"
        hardneg.train(run, model, TrainSettings.build({"seed": seed}, changes), collection=mined)
        [system] = hardneg.evaluate(test, [str(model)], measures=["nDCG@10"]).systems
        values.append(next(iter(system.values.values())))
    return np.stack(values)


def compared(students: dict[str, Floats]) -> str:
    """Returns a line that compares students of what is left after dropping with those of all."""
    figures = [
        f"{name} {values.mean():.4f} \u00b1{values.mean(axis=1).std(ddof=1):.4f}"
        for name, values in students.items()
    ]
    kept, dropped = students["kept"].mean(axis=0), students["dropped"].mean(axis=0)
    [test] = paired_tests([dropped], kept, 0)
    difference, p = test.difference.mean, test.p_randomisation
    return f"    nDCG@10 {', '.join(figures)}, difference {difference:+.4f}, p {p:.3f}"


if __name__ == "__main__":
    typer.run(main)
