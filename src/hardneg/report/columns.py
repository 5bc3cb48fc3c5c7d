"""What the report computes from the columns of a part of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Names
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hardneg.core.errors import unreadable
from hardneg.core.records import BoolArray
from hardneg.runs import ledger
from hardneg.runs.table import first_pairs

Floats = npt.NDArray[np.float64]
GROUPS = ("positive", "negative", "suspected", "dropped")
"""How figures group candidates: `suspected` are those dropped as suspected false negatives."""

_PROBABLE = 0.5
"""The probability of being wrong above which a positive is shown."""

TOP = 10
"""How many documents of each ranker's list are compared between rankers."""


def groups_of(table: pa.Table, suspected: Names[str]) -> npt.NDArray[np.int8]:
    """Returns (n_rows,) int8: the group of each row, an index into `GROUPS`."""
    decision = pc.index_in(table["decision"], pa.array(["positive", "negative", "", "dropped"]))
    groups = decision.to_numpy().astype(np.int8)
    reasons = pa.array(sorted(suspected), pa.string())
    matches = pc.is_in(table["reason"], value_set=reasons).to_numpy()
    return np.where(matches & (groups == GROUPS.index("dropped")), np.int8(GROUPS.index("suspected")), groups)


def noisiest(table: pa.Table, count: int) -> list[tuple[float, str, str, str]]:
    """Returns (p, query_id, doc_id, why) of the positives that are most probably wrong, p being above 0.5.

    Why: for each ranker the share of other queries' positives that it scores below, as `dense 12 %`, and the
    validators that find something.
    """
    if "p_noisy" not in table.column_names:
        return []
    first = first_pairs(table)
    probable = first.filter(pc.greater(first["p_noisy"], _PROBABLE))
    worst = probable.sort_by([("p_noisy", "descending"), ("query_id", "ascending")]).slice(0, count)
    return [
        (row["p_noisy"], row["query_id"], row["doc_id"], ", ".join(_why(row))) for row in worst.to_pylist()
    ]


def _why(row: Mapping[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        kind, _, own = name.partition(".")
        if kind == "percentile" and value is not None:
            yield f"{own} {value:.0%}"
        elif kind == "noise" and own != "consistency" and value is not None and value > _PROBABLE:
            yield own.replace("_", " ")


def margins(table: pa.Table, scorer: str, relative: bool) -> Floats:
    """Returns (n_rows,) float64: the weakest positive's score less the candidate's, NaN where unknown."""
    anchor = floats(table, f"positive.{scorer}")
    gap = anchor - floats(table, f"score.{scorer}")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(anchor == 0, np.nan, gap / np.abs(anchor)) if relative else gap


def starts(table: pa.Table) -> BoolArray:
    """Returns (n_rows,) bool: where the rows of another example begin."""
    begins = np.zeros(len(table), bool)
    for name in ("query_id", "positive_id"):
        if name in table.column_names and len(table):
            codes = pc.dictionary_encode(table[name].combine_chunks()).indices.to_numpy()
            begins |= np.r_[True, codes[1:] != codes[:-1]]
    return begins


def shared_tops(table: pa.Table, begins: BoolArray, rankers: Sequence[str]) -> Floats:
    """Returns (n_rankers, n_rankers): the share of their top 10 that two rankers share, summed over queries.

    A query with several examples counts once, as their mean.
    """
    example = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    tops = []
    for name in rankers:
        scores = floats(table, f"score.{name}")
        order = np.lexsort((np.where(np.isnan(scores), np.inf, -scores), example))
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) - first[example[order]]
        tops.append((place < TOP) & ~np.isnan(scores))
    query = table["query_id"].take(pa.array(first)).to_pylist()
    repeats = Counter(query)
    weight = np.array([1.0 / repeats[name] for name in query])[example] if len(first) else np.empty(0)
    sums = np.zeros((len(rankers), len(rankers)))
    for i, one in enumerate(tops):
        for j, other in enumerate(tops):
            size = np.minimum(*(np.bincount(example[top], minlength=len(first)) for top in (one, other)))
            both = np.bincount(example, weights=weight * (one & other), minlength=len(first))
            sums[i, j] = float((both / np.maximum(size, 1)).sum())
    return sums


def score_ranges(paths: Sequence[Path]) -> dict[str, tuple[float, float]]:
    """Returns {ranker: (lowest, highest)} of all scores, from the statistics in the files."""
    names = [name for name in ledger.columns(paths[0]) if name.startswith("score.")]
    ranges = {name: (np.inf, -np.inf) for name in names}
    for name, low, high in (column for path in paths for column in _statistics(path, names)):
        ranges[name] = (min(ranges[name][0], low), max(ranges[name][1], high))
    return {
        name.removeprefix("score."): (low, high) if low <= high else (0.0, 1.0)
        for name, (low, high) in ranges.items()
    }


def _statistics(path: Path, names: Names[str]) -> Iterator[tuple[str, float, float]]:
    try:
        metadata = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error, ledger.RERUN_HINT) from None
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            stored = column.statistics
            if column.path_in_schema in names and stored is not None and stored.has_min_max:
                yield column.path_in_schema, float(stored.min), float(stored.max)


def floats(table: pa.Table, name: str) -> Floats:
    """Returns (n_rows,) float64, NaN for null and for a column that is not there."""
    if name not in table.column_names:
        return np.full(len(table), np.nan)
    column = table[name].cast(pa.float64()).fill_null(float("nan"))
    return np.asarray(column.to_numpy(), np.float64)


class Histogram:
    """Values of several groups, counted in equal bins; values outside count in the outermost."""

    def __init__(self, low: float, high: float, groups: tuple[str, ...], bins: int = 40) -> None:
        self.low, self.high = low, high if high > low else low + 1.0
        self.groups = groups
        self.counts = np.zeros((len(groups), bins), np.int64)

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """(n_bins + 1,) float64: the edges of the bins."""
        return np.linspace(self.low, self.high, self.counts.shape[1] + 1)

    @property
    def total(self) -> int:
        """All values counted."""
        return int(self.counts.sum())

    def add(self, values: npt.NDArray[np.float64], groups: npt.NDArray[np.int8]) -> None:
        """Counts (n,) values by their (n,) groups; NaN is passed over."""
        valid = ~np.isnan(values)
        bins = _bins(values[valid], self.low, self.high, self.counts.shape[1])
        place = groups[valid].astype(np.int64) * self.counts.shape[1] + bins
        self.counts += np.bincount(place, minlength=self.counts.size).reshape(self.counts.shape)

    def shares(self) -> dict[str, npt.NDArray[np.float64]]:
        """Returns for each group that has values (n_bins,) float64, the share of its values in each bin."""
        rows = zip(self.groups, self.counts, strict=True)
        return {group: row / row.sum() for group, row in rows if row.sum()}


class Histogram2D:
    """Pairs of values, counted in (n_x, n_y) equal bins; values outside count in the outermost."""

    def __init__(self, x_low: float, x_high: float, n_x: int, y_low: float, y_high: float, n_y: int) -> None:
        self.x = (x_low, x_high if x_high > x_low else x_low + 1.0)
        self.y = (y_low, y_high)
        self.counts = np.zeros((n_x, n_y), np.int64)

    def add(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> None:
        """Counts (n,) pairs; where either is NaN the pair is passed over."""
        valid = ~(np.isnan(x) | np.isnan(y))
        n_x, n_y = self.counts.shape
        place = _bins(x[valid], *self.x, n_x) * n_y + _bins(y[valid], *self.y, n_y)
        self.counts += np.bincount(place, minlength=self.counts.size).reshape(self.counts.shape)

    def edges(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Returns the edges of the bins along both axes."""
        n_x, n_y = self.counts.shape
        return np.linspace(*self.x, n_x + 1), np.linspace(*self.y, n_y + 1)


def _bins(values: npt.NDArray[np.float64], low: float, high: float, bins: int) -> npt.NDArray[np.int64]:
    places = np.floor((values - low) * (bins / (high - low)))
    return np.clip(places, 0, bins - 1).astype(np.int64)
