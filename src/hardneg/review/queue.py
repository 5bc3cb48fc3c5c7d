"""Which candidates people judge, and in which order.

The negatives are divided into four strata of equal size by how informative a judgment of them is; dropped
suspected false negatives are a fifth. Within a stratum the order is that of a hash, so that the first n
judged are a random sample of it and an audit can weight each stratum by its size. The most informative come
up most often.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hardneg.auditing import sample
from hardneg.core.records import Decision
from hardneg.report.columns import floats, margins
from hardneg.report.summary import RunSummary, summarize
from hardneg.runs import ledger
from hardneg.runs.table import examined_positives, first_pairs

SUSPECTED = "suspected"
"""The stratum of dropped suspected false negatives."""

STRATA = ("1", "2", "3", "4")
"""Quarters of the negatives, the most informative first."""

POSITIVES = "positives"
"""The stratum of labelled positives."""

_AUDIT = "audit"
"""The stratum of the candidates that only an audit has drawn."""

_TURNS = ("1", "1", "2", SUSPECTED, "1", "2", "3", "1", SUSPECTED, "4")
COUNT = 200
"""Candidates to judge by default."""


@dataclass(frozen=True)
class Item:
    """One candidate to judge: its ids, the stratum that it was drawn from, its row in the ledger."""

    query_id: str
    doc_id: str
    stratum: str
    row: Mapping[str, Any]

    @property
    def pair(self) -> tuple[str, str]:
        """(query_id, doc_id)."""
        return self.query_id, self.doc_id


@dataclass(frozen=True)
class Queue:
    """What to judge in a run, in order, and how many candidates each stratum has in the run."""

    summary: RunSummary
    items: list[Item]
    sizes: Mapping[str, int]

    @classmethod
    def of(cls, folder: Path, count: int = COUNT) -> Queue:
        """Returns the first `count` candidates to judge of a finished run."""
        summary = summarize(folder)
        table = _candidates(folder, summary)
        strata = _strata(table, summary)
        order = np.argsort(_hashes(table), kind="stable")
        places = {name: order[strata[order] == name] for name in (*STRATA, SUSPECTED)}
        turns = list(islice(_interleaved(places), count))
        rows = table.take(pa.array([row for row, _ in turns], pa.int64())).to_pylist()
        items = [
            Item(row["query_id"], row["doc_id"], stratum, row)
            for row, (_, stratum) in zip(rows, turns, strict=True)
        ]
        return cls(summary, items, {name: len(own) for name, own in places.items()})

    @classmethod
    def of_positives(cls, folder: Path, count: int = COUNT) -> Queue:
        """Returns the positives to judge of a finished run, those that are most probably wrong first."""
        summary = summarize(folder)
        parts = (first_pairs(ledger.read_part(path).table) for path in ledger.parts(folder))
        whole = examined_positives(parts, folder)
        order = np.lexsort((_hashes(whole), -whole["p_noisy"].to_numpy()))[:count]
        rows = whole.take(pa.array(order)).to_pylist()
        items = [Item(row["query_id"], row["doc_id"], POSITIVES, {**row, "margin": None}) for row in rows]
        return cls(summary, items, {POSITIVES: len(whole)})

    def for_audit(self, folder: Path) -> Queue:
        """Returns the queue, the run's audit sample first; without one the queue's negatives become it.

        Within its strata the queue is a random sample, so an audit can weight its judgments.
        """
        sampled = [(one.query_id, one.doc_id) for one in sample.read(folder)]
        if not sampled:
            own = [item for item in self.items if item.stratum != SUSPECTED]
            drawn = [sample.Drawn(item.query_id, item.doc_id, item.stratum) for item in own]
            sample.write(folder, drawn, self.sizes)
            return self
        queued = {item.pair: item for item in self.items}
        rows = _rows(folder, set(sampled) - set(queued))
        first = [
            queued.get(pair) or Item(*pair, _AUDIT, rows[pair]) for pair in sampled if pair in queued | rows
        ]
        rest = [item for item in self.items if item.pair not in set(sampled)]
        return Queue(self.summary, [*first, *rest], self.sizes)


def _rows(folder: Path, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Returns the ledger's rows of some pairs."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for block in ledger.iterate(folder) if wanted else ():
        named = pc.is_in(block.table["doc_id"], value_set=pa.array([doc for _, doc in wanted], pa.string()))
        for row in block.table.filter(named).to_pylist():
            if (row["query_id"], row["doc_id"]) in wanted:
                rows[row["query_id"], row["doc_id"]] = {**row, "margin": None}
    return rows


def _candidates(folder: Path, summary: RunSummary) -> pa.Table:
    """Returns the ledger's rows of all negatives and suspected false negatives, each pair once."""
    parts = []
    for path in ledger.parts(folder):
        suspected = pc.field("reason").isin(pa.array(sorted(summary.suspected_reasons), pa.string()))
        table = ledger.read_table(path, filters=(pc.field("decision") == Decision.NEGATIVE) | suspected)
        margin = margins(table, summary.scorer, summary.relative)
        parts.append(table.append_column("margin", pa.array(margin, from_pandas=True)))
    whole = pa.concat_tables(parts, promote_options="default")
    pairs = list(zip(whole["query_id"].to_pylist(), whole["doc_id"].to_pylist(), strict=True))
    first = dict(zip(reversed(pairs), range(len(pairs) - 1, -1, -1), strict=True))
    return whole.take(pa.array(sorted(first.values()), pa.int64()))


def _strata(table: pa.Table, summary: RunSummary) -> npt.NDArray[np.str_]:
    """Returns (n,) the stratum of each candidate: a quarter by how informative it is, or `suspected`."""
    negative = table["decision"].to_numpy(zero_copy_only=False) == Decision.NEGATIVE
    strata = np.full(len(table), SUSPECTED, dtype="<U9")
    place = _percentile(_informative(table, summary)[negative])
    strata[negative] = np.array(STRATA)[np.minimum((1 - place) * len(STRATA), len(STRATA) - 1).astype(int)]
    return strata


def _informative(table: pa.Table, summary: RunSummary) -> npt.NDArray[np.float64]:
    """Returns (n,) float64: higher near the threshold and where validators disagree."""
    probability = floats(table, "p_false_negative")
    margin = floats(table, "margin")
    bound = next(iter(summary.probability_limits), 1.0)
    limit = next(iter(summary.margin_limits), 0.0)
    near = _percentile(-np.abs(margin - limit))
    if not np.isnan(probability).all():
        near = np.where(np.isnan(probability), near / 2, _percentile(-np.abs(probability - bound)))
    evidence = [name for name in table.column_names if name.startswith("evidence.")]
    percentiles = [
        _percentile(floats(table, name)) for name in evidence if table[name].null_count < len(table)
    ]
    disputed = np.ptp(np.stack(percentiles), axis=0) if len(percentiles) > 1 else np.zeros(len(table))
    return near + disputed / 2


def _percentile(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns (n,) float64: the share of the values that are less, 0 for NaN."""
    order = np.argsort(np.nan_to_num(values, nan=-np.inf), kind="stable")
    place = np.empty(len(values))
    place[order] = np.arange(len(values)) / max(len(values), 1)
    return np.where(np.isnan(values), 0.0, place)


def _interleaved(places: Mapping[str, npt.NDArray[np.intp]]) -> Iterator[tuple[int, str]]:
    """Yields (row, stratum), the strata in turns until all are empty."""
    remaining = {name: iter(own.tolist()) for name, own in places.items() if len(own)}
    for name in cycle(_TURNS):
        if not remaining:
            return
        if name in remaining:
            row = next(remaining[name], None)
            if row is None:
                del remaining[name]
            else:
                yield row, name


def _hashes(table: pa.Table) -> npt.NDArray[np.uint64]:
    pairs = zip(table["query_id"].to_pylist(), table["doc_id"].to_pylist(), strict=True)
    keys = (hashlib.blake2b(f"{query}\t{doc}".encode(), digest_size=8).digest() for query, doc in pairs)
    return np.fromiter((int.from_bytes(key, "little") for key in keys), np.uint64, len(table))
