"""What a call returns and reports: the four formats of sentence-transformers, statistics, progress bars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from hardneg.compat._arguments import Format, InvalidArgument, Pairs
from hardneg.core.errors import optional_library
from hardneg.core.progress import Task
from hardneg.core.records import Example

_QUANTILES = {"min": 0.0, "25%": 0.25, "median": 0.5, "75%": 0.75, "max": 1.0}


def column_names(pairs: Pairs, output_format: Format, scored: bool, negatives: int) -> list[str]:
    """Returns the columns of a format."""
    scores = ["scores"] * scored
    added: dict[Format, list[str]] = {
        "triplet": ["negative", *scores],
        "n-tuple": [*(f"negative_{number}" for number in range(1, negatives + 1)), *scores],
        "labeled-pair": ["score" if scored else "label"],
        "labeled-list": ["scores" if scored else "labels"],
    }
    for name in (pairs.anchor_column, pairs.positive_column):
        if name in added[output_format]:
            raise InvalidArgument(
                f'column "{name}" has the name of one that {output_format} adds; rename it first'
            )
    return [pairs.anchor_column, pairs.positive_column, *added[output_format]]


def dataset_of(
    examples: Iterable[Example], names: list[str], output_format: Format, scored: bool, negatives: int
) -> Any:
    """Returns the examples as a `datasets.Dataset`, rows and labels as sentence-transformers writes them."""
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for example in examples:
        for row in _rows(example, output_format, scored, negatives):
            for name, value in zip(names, row, strict=False):  # scores stand last, and are left out unscored
                columns[name].append(value)
    return optional_library("datasets", "hf").Dataset.from_dict(columns)


def _rows(example: Example, output_format: Format, scored: bool, count: int) -> Iterator[tuple[Any, ...]]:
    query, negatives = example.query, example.negatives
    if output_format == "labeled-pair":
        for label, docs in ((1, example.positives), (0, negatives)):
            yield from ((query, doc.text, doc.score if scored else label) for doc in docs)
        return
    texts, scores = [doc.text for doc in negatives], [doc.score for doc in negatives]
    for positive in example.positives:
        if output_format == "triplet":
            for doc in negatives:
                yield query, positive.text, doc.text, [positive.score, doc.score]
        elif output_format == "n-tuple":
            if len(negatives) == count:
                yield query, positive.text, *texts, [positive.score, *scores]
        elif negatives:
            labels = [1] + [0] * len(negatives)
            yield query, [positive.text, *texts], [positive.score, *scores] if scored else labels


@dataclass(frozen=True)
class MiningStats:
    """What a call of `mine_hard_negatives` did.

    Attributes:
        queries: Distinct queries.
        pairs: Distinct (anchor, positive) pairs.
        negatives: Negatives written, counted once per pair.
        short: Queries with fewer negatives than `num_negatives`.
        skipped: Candidates dropped, by the first rule that dropped them.
        range_max: Where among the candidates that pass all bounds the window ended.
        seed: The seed of random draws.
        scores: For `positive`, `negative` and `difference`: mean, std, min, 25%, median, 75% and max;
            empty where there is nothing to measure.
    """

    queries: int
    pairs: int
    negatives: int
    short: int
    skipped: Mapping[str, int]
    range_max: int
    seed: int
    scores: Mapping[str, Mapping[str, float]]

    def lines(self) -> Iterator[str]:
        """Yields the lines that a verbose call logs."""
        yield f"{self.queries:,} queries, {self.pairs:,} pairs: {self.negatives:,} negatives written"
        yield f"range_max {self.range_max}, seed {self.seed}"
        for name, numbers in self.scores.items():
            yield f"{name} scores: " + ", ".join(f"{key} {value:.4f}" for key, value in numbers.items())
        for rule, count in self.skipped.items():
            yield f"{count:,} candidates skipped by {rule}"
        if self.short:
            yield (
                f"{self.short:,} queries have too few negatives ({self.short / self.queries:.2%}); "
                "deepen=True searches further down, looser bounds keep more"
            )


def measure(
    examples: list[Example], whole: bool, negatives: int, skipped: Mapping[str, int], window: int, seed: int
) -> MiningStats:
    """Returns the statistics of a call."""
    written = [example for example in examples if not whole or len(example.negatives) == negatives]
    pairs = [(p.score, n.score) for e in written for p in e.positives for n in e.negatives]
    scores = np.array(pairs, np.float64).reshape(-1, 2)
    positive = np.array([doc.score for example in examples for doc in example.positives], np.float64)
    columns = {"positive": positive, "negative": scores[:, 1], "difference": scores[:, 0] - scores[:, 1]}
    return MiningStats(
        len(examples),
        len(positive),
        len(pairs),
        sum(len(example.negatives) < negatives for example in examples),
        skipped,
        window,
        seed,
        {name: _describe(values) for name, values in columns.items()},
    )


def _describe(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> dict[str, float]:
    if not len(values):
        return {}
    quantiles = np.quantile(values, list(_QUANTILES.values())).tolist()
    moments = {"mean": float(values.mean()), "std": float(values.std())}
    return moments | dict(zip(_QUANTILES, quantiles, strict=True))


class ProgressBars:
    """A `Progress` that draws one bar per stage with tqdm, which sentence-transformers brings along."""

    @contextmanager
    def task(self, name: str, total: int | None, unit: str) -> Iterator[Task]:
        """Returns a context that draws one bar."""
        with optional_library("tqdm.auto", "dense").tqdm(desc=name, total=total, unit=f" {unit}") as bar:
            task: Any = SimpleNamespace(advance=bar.update)
            yield task
