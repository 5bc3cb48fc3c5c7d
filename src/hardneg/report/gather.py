"""Reads a run once, part by part, and adds up what the report shows: memory does not grow with candidates."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hardneg.core.errors import DataError
from hardneg.core.records import BoolArray, Decision
from hardneg.report.checks import Check, checks
from hardneg.report.tally import Grid, Histogram
from hardneg.runs import ledger
from hardneg.runs.directory import RunFolder

GROUPS = ("positive", "negative", "suspected", "dropped")
"""How figures group candidates: `suspected` are those dropped as suspected false negatives."""

SUSPECTED = "suspected_false_negative"
TOP = 10
"""How many documents of each ranker's list are compared between rankers."""

_DEEPEST = 10_000
_SHORT_SHOWN = 200
_DECADES = (-4.0, 0.0)
_USED_SHOWN = 12


@dataclass
class Findings:
    """What a run's files say, added up.

    Attributes:
        folder: The run directory.
        run: Its run.json.
        audit: Its audit.json, None where it was not audited.
        compared: The rows of the comparison in whose folder `runs` it lies, empty without one.
        scores: For each ranker, how the groups' scores are spread.
        margins: How far below the weakest positive the groups score, by the scorer of thresholds.
        relative: Whether `margins` are shares of the positive's score, or differences.
        ranks: For each group, the candidates at each rank from 1 (index 0), the deepest counted at the end.
        doubt: How the decimal logarithm of p(false negative) is spread in the groups; empty where it was not
            estimated.
        margin_doubt: Candidates by margin and by that logarithm.
        shared: (n_rankers, n_rankers) summed over queries, the share of the top 10 that two rankers share.
        queries: Ids of the queries in the ledger's order.
        uses: How often documents serve as negatives, by doc_id.
        short: (query_id, positive_id or "", reason) of the first queries with fewer negatives than asked.
        evidence: For each validator, the candidates it looked at.
        checks: What the validators found that look for copies, shared sources, sister queries and leakage.
    """

    folder: Path
    run: Mapping[str, Any]
    audit: Mapping[str, Any] | None
    compared: list[Mapping[str, Any]]
    scores: dict[str, Histogram]
    margins: Histogram
    relative: bool
    doubt: Histogram
    margin_doubt: Grid
    shared: npt.NDArray[np.float64]
    ranks: dict[str, npt.NDArray[np.int64]] = field(
        default_factory=lambda: {group: np.zeros(_DEEPEST, np.int64) for group in GROUPS}
    )
    queries: list[str] = field(default_factory=list)
    uses: Counter[str] = field(default_factory=Counter)
    short: list[tuple[str, str, str]] = field(default_factory=list)
    evidence: Counter[str] = field(default_factory=Counter)
    checks: list[Check] = field(default_factory=list)

    @property
    def rankers(self) -> list[str]:
        """The rankers' names, as the ledger's columns have them."""
        return list(self.scores)

    @property
    def scorer(self) -> str:
        """The ranker whose scores thresholds read."""
        by = self.run["recipe"]["select"].get("by")
        return str(by if by in self.scores else next(iter(self.scores), ""))

    @property
    def agreement(self) -> npt.NDArray[np.float64]:
        """(n_rankers, n_rankers): the mean share of the top 10 that two rankers have in common."""
        return self.shared / max(len(self.queries), 1)

    @property
    def most_used(self) -> list[tuple[str, int]]:
        """(doc_id, uses) of the documents that serve as negatives most often."""
        return sorted(self.uses.items(), key=lambda item: (-item[1], item[0]))[:_USED_SHOWN]


def gather(folder: Path) -> Findings:
    """Returns what a run directory holds, added up in one pass over its ledger.

    Raises:
        DataError: It is no finished run, or a file in it is damaged.
    """
    run = RunFolder(folder).finished()
    paths = ledger.parts(folder)
    ranges = _ranges(paths)
    names = [name.removeprefix("score.") for name in ranges if name.startswith("score.")]
    relative = "absolute-margin" not in json.dumps(run["recipe"]["select"]["rules"])
    low, high = ranges.get(f"score.{run['recipe']['select'].get('by')}", (0.0, 1.0))
    span = (-1.0, 1.0) if relative else (-0.25 * (high - low), high - low)
    found = Findings(
        folder=folder,
        run=run,
        audit=_json(folder / "audit.json"),
        compared=_compared(folder.resolve()),
        scores={name: Histogram(*ranges[f"score.{name}"], GROUPS) for name in names},
        margins=Histogram(*span, GROUPS, bins=80),
        relative=relative,
        doubt=Histogram(*_DECADES, GROUPS, bins=32),
        margin_doubt=Grid(*span, 30, *_DECADES, 20),
        shared=np.zeros((len(names), len(names))),
        checks=checks(run, GROUPS),
    )
    for path in paths:
        _add(found, ledger.read_part(path))
    return found


def _add(found: Findings, block: ledger.Block) -> None:
    """Adds one part of the ledger to the findings."""
    table = block.table
    groups = groups_of(table)
    for name, histogram in found.scores.items():
        histogram.add(_floats(table, f"score.{name}"), groups)
    margin = margins(table, found.scorer, found.relative)
    found.margins.add(margin, groups)
    doubt = np.log10(np.maximum(_floats(table, "p_false_negative"), 10 ** _DECADES[0]))
    found.doubt.add(doubt, groups)
    found.margin_doubt.add(margin, doubt)
    ranks = table["rank"].fill_null(0).to_numpy()
    for number, group in enumerate(GROUPS):
        own = ranks[(groups == number) & (ranks > 0)]
        found.ranks[group] += np.bincount(np.minimum(own, _DEEPEST) - 1, minlength=_DEEPEST)
    begins = starts(table)
    found.queries += dict.fromkeys(table["query_id"].take(pa.array(np.flatnonzero(begins))).to_pylist())
    found.shared += _shared(table, begins, found.rankers)
    chosen = table.filter(pc.equal(table["decision"], Decision.NEGATIVE))
    for doc, copies in zip(chosen["doc_id"].to_pylist(), chosen["copies"].to_pylist(), strict=True):
        found.uses[doc] += copies
    for name, why in list(block.short.items())[: _SHORT_SHOWN - len(found.short)]:
        query, _, positive = name.partition("\t")
        found.short.append((query, positive, why))
    for name in table.column_names:
        if name.startswith("evidence."):
            found.evidence[name.removeprefix("evidence.")] += len(table) - table[name].null_count
    for check in found.checks:
        check.add(table, groups)


def groups_of(table: pa.Table) -> npt.NDArray[np.int8]:
    """Returns (n_rows,) int8: the group of each row, an index into `GROUPS`."""
    decision = pc.index_in(table["decision"], pa.array(["positive", "negative", "", "dropped"]))
    groups = decision.to_numpy().astype(np.int8)
    suspected = pc.equal(table["reason"], SUSPECTED).to_numpy()
    return np.where(suspected & (groups == 3), np.int8(2), groups)


def margins(table: pa.Table, scorer: str, relative: bool) -> npt.NDArray[np.float64]:
    """Returns (n_rows,) float64: the weakest positive's score less the candidate's, NaN where unknown.

    Args:
        table: A part of the ledger.
        scorer: The ranker whose scores are read.
        relative: Divide by the magnitude of the positive's score, as the relative margin does.
    """
    anchor = _floats(table, f"positive.{scorer}")
    gap = anchor - _floats(table, f"score.{scorer}")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(anchor == 0, np.nan, gap / np.abs(anchor)) if relative else gap


def _shared(table: pa.Table, begins: BoolArray, rankers: list[str]) -> npt.NDArray[np.float64]:
    """Returns the sums over this part's queries of the shares of their top 10 that rankers share."""
    example = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    tops = []
    for name in rankers:
        scores = _floats(table, f"score.{name}")
        order = np.lexsort((np.where(np.isnan(scores), np.inf, -scores), example))
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) - first[example[order]]
        tops.append((place < TOP) & ~np.isnan(scores))
    # Where several examples have one query, the query counts once, as their mean.
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


def starts(table: pa.Table) -> BoolArray:
    """Returns (n_rows,) bool: where the rows of another example begin."""
    begins = np.zeros(len(table), bool)
    for name in ("query_id", "positive_id"):
        if name in table.column_names and len(table):
            codes = pc.dictionary_encode(table[name].combine_chunks()).indices.to_numpy()
            begins |= np.r_[True, codes[1:] != codes[:-1]]
    return begins


def _ranges(paths: list[Path]) -> dict[str, tuple[float, float]]:
    """Returns the least and greatest value of every column of scores, from the files' own statistics."""
    names = [name for name in pq.read_schema(paths[0]).names if name.startswith("score.")]
    ranges = {name: (np.inf, -np.inf) for name in names}
    for name, low, high in (found for path in paths for found in _statistics(path, names)):
        ranges[name] = (min(ranges[name][0], low), max(ranges[name][1], high))
    return {name: (low, high) if low <= high else (0.0, 1.0) for name, (low, high) in ranges.items()}


def _statistics(path: Path, names: list[str]) -> Iterator[tuple[str, float, float]]:
    try:
        whole = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} is damaged: {error}") from error
    for group in range(whole.num_row_groups):
        for number in range(whole.num_columns):
            column = whole.row_group(group).column(number)
            stored = column.statistics
            if column.path_in_schema in names and stored is not None and stored.has_min_max:
                yield column.path_in_schema, float(stored.min), float(stored.max)


def _floats(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """Returns (n_rows,) float64, NaN for null and for a column that is not there."""
    if name not in table.column_names:
        return np.full(len(table), np.nan)
    column = table[name].cast(pa.float64()).fill_null(float("nan"))
    return np.asarray(column.to_numpy(), np.float64)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}") from error


def _compared(folder: Path) -> list[Mapping[str, Any]]:
    """Returns the rows of the comparison that a run belongs to."""
    told = _json(folder.parent.parent / "compare.json") if folder.parent.name == "runs" else None
    return list(told["rows"]) if isinstance(told, Mapping) and told.get("finished") else []
