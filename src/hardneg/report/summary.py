"""Reads a run once, part by part, and adds up what the report shows: memory does not grow with candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, TypeAdapter, ValidationError

from hardneg.core import audit_info
from hardneg.core.components import Rule
from hardneg.core.errors import DataError
from hardneg.core.files import real_path
from hardneg.core.records import Decision
from hardneg.core.registry import invalid_field
from hardneg.core.state_files import read_state
from hardneg.report.checks import Check, checks
from hardneg.report.columns import (
    GROUPS,
    Floats,
    Histogram,
    Histogram2D,
    floats,
    groups_of,
    margins,
    noisiest,
    score_ranges,
    shared_tops,
    starts,
)
from hardneg.runs import ledger
from hardneg.runs.directory import RunFolder
from hardneg.selection.fitting import rules_of, suspected_reasons

_DEEPEST_RANK = 10_000
_MOST_SHORT = 200
_LOG_RANGE = (-4.0, 0.0)
_MOST_USED = 12
_MOST_NOISY = 20


class _ComparisonRow(BaseModel):
    arm: str
    measures: dict[str, dict[str, float]]


_ROWS = TypeAdapter(list[_ComparisonRow])
_MEND = "run hardneg compare again"


@dataclass
class RunSummary:
    """What a run's files hold, added up.

    Attributes:
        folder: The run directory.
        run: Its run.json.
        audit: Its audit.json, None where it was not audited.
        comparison: The rows of the comparison that the run belongs to, empty without one.
        scores: {ranker: distribution of its scores in each group}.
        margins: How far below the weakest positive the candidates score, by the scorer of the thresholds.
        relative: Whether `margins` are shares of the positive's score, unless a rule sets absolute ones.
        probabilities: The decimal logarithm of p(false negative); empty where it was not estimated.
        margin_probabilities: Candidates by margin and by that logarithm.
        shared: (n_rankers, n_rankers), summed over queries: the share of the top 10 that two rankers share.
        ranks: {group: (n_ranks,) candidates at each rank from 1 on}; deeper ones count at the last.
        queries: Ids of the queries in the ledger's order.
        uses: {doc_id: how often it is a negative}.
        short: (query_id, positive_id or "", reason) of the first queries with too few negatives.
        evidence: {validator: candidates that it has evidence for}.
        noisy: (p, query_id, doc_id, what suspects it) of the positives that are most probably wrong.
        checks: What the validators found that look for copies, shared sources, similar queries and leakage.
    """

    folder: Path
    run: Mapping[str, Any]
    audit: Mapping[str, Any] | None
    comparison: list[Mapping[str, Any]]
    scores: dict[str, Histogram]
    margins: Histogram
    relative: bool
    probabilities: Histogram
    margin_probabilities: Histogram2D
    shared: Floats
    ranks: dict[str, npt.NDArray[np.int64]] = field(
        default_factory=lambda: {group: np.zeros(_DEEPEST_RANK, np.int64) for group in GROUPS}
    )
    queries: list[str] = field(default_factory=list)
    uses: Counter[str] = field(default_factory=Counter)
    short: list[tuple[str, str, str]] = field(default_factory=list)
    evidence: Counter[str] = field(default_factory=Counter)
    noisy: list[tuple[float, str, str, str]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def rankers(self) -> list[str]:
        """The rankers' names, as the ledger's columns have them."""
        return list(self.scores)

    @property
    def scorer(self) -> str:
        """The ranker whose scores the thresholds read."""
        by = self.run["recipe"]["select"].get("by")
        return str(by if by in self.scores else next(iter(self.scores), ""))

    @property
    def suspected_reasons(self) -> frozenset[str]:
        """The reasons that suspected false negatives are dropped for: rules that read the probability."""
        return suspected_reasons(self.run)

    @property
    def margin_limits(self) -> list[float]:
        """The margins to the scorer's anchor that the recipe sets, of the kind of `margins`."""
        own = [rule for rule in rules_of(self.run) if (rule.by or self.scorer) == self.scorer]
        limits: list[float | None] = [
            _threshold(rule)[1] for rule in own if rule.reads == "anchor" and rule.relative == self.relative
        ]
        if self.relative and not self.probabilities.total:
            limits += [getattr(rule, "otherwise", None) for rule in own if rule.reads == "probability"]
        return [float(limit) for limit in limits if limit is not None]

    @property
    def probability_limits(self) -> list[float]:
        """The p(false negative) above which the recipe drops candidates."""
        limits = [rule.highest_probability for rule in rules_of(self.run)]
        return [limit for limit in limits if limit is not None]

    def score_limits(self, ranker: str) -> list[tuple[str, float]]:
        """Returns (setting, score) of the thresholds that the recipe sets on a ranker's scores."""
        own = [rule for rule in rules_of(self.run) if (rule.by or self.scorer) == ranker]
        return [_threshold(rule) for rule in own if rule.reads == "score"]

    @property
    def agreement(self) -> list[tuple[float, str, str]]:
        """(share, ranker, other ranker): the mean share of the top 10 that each two have in common."""
        shares = self.shared / max(len(self.queries), 1)
        pairs = combinations(enumerate(self.rankers), 2)
        return [(float(shares[i, j]), one, other) for (i, one), (j, other) in pairs]

    @property
    def most_used(self) -> list[tuple[str, int]]:
        """(doc_id, uses) of the documents that are negatives most often."""
        return sorted(self.uses.items(), key=lambda item: (-item[1], item[0]))[:_MOST_USED]

    @property
    def calibration(self) -> Mapping[str, Any]:
        """What run.json holds of the calibration of p(false negative); empty without one."""
        return (self.run.get("validation") or {}).get("calibration") or {}


def summarize(folder: Path) -> RunSummary:
    """Returns what a run directory holds, added up in one pass over its ledger."""
    run = RunFolder(folder).finished()
    paths = ledger.parts(folder)
    ranges = score_ranges(paths)
    relative = not any(rule.reads == "anchor" and not rule.relative for rule in rules_of(run))
    low, high = ranges.get(run["recipe"]["select"].get("by"), (0.0, 1.0))
    span = (-1.0, 1.0) if relative else (-0.25 * (high - low), high - low)
    summary = RunSummary(
        folder=folder,
        run=run,
        audit=audit_info.read(folder),
        comparison=_comparison(real_path(folder)),
        scores={name: Histogram(*ends, GROUPS) for name, ends in ranges.items()},
        margins=Histogram(*span, GROUPS, bins=80),
        relative=relative,
        probabilities=Histogram(*_LOG_RANGE, GROUPS, bins=32),
        margin_probabilities=Histogram2D(*span, 30, *_LOG_RANGE, 20),
        shared=np.zeros((len(ranges), len(ranges))),
        checks=checks(run),
    )
    for path in paths:
        _add(summary, ledger.read_part(path))
    return summary


def _add(summary: RunSummary, block: ledger.Block) -> None:
    """Adds one part of the ledger to the summary."""
    table = block.table
    groups = groups_of(table, summary.suspected_reasons)
    for name, histogram in summary.scores.items():
        histogram.add(floats(table, f"score.{name}"), groups)
    margin = margins(table, summary.scorer, summary.relative)
    summary.margins.add(margin, groups)
    probability = np.log10(np.maximum(floats(table, "p_false_negative"), 10 ** _LOG_RANGE[0]))
    summary.probabilities.add(probability, groups)
    summary.margin_probabilities.add(margin, probability)
    ranks = table["rank"].fill_null(0).to_numpy()
    for number, group in enumerate(GROUPS):
        own = ranks[(groups == number) & (ranks > 0)]
        summary.ranks[group] += np.bincount(np.minimum(own, _DEEPEST_RANK) - 1, minlength=_DEEPEST_RANK)
    begins = starts(table)
    summary.queries += dict.fromkeys(table["query_id"].take(pa.array(np.flatnonzero(begins))).to_pylist())
    summary.shared += shared_tops(table, begins, summary.rankers)
    negatives = table.filter(pc.equal(table["decision"], Decision.NEGATIVE))
    for doc, copies in zip(negatives["doc_id"].to_pylist(), negatives["copies"].to_pylist(), strict=True):
        summary.uses[doc] += copies
    for key, reason in list(block.short.items())[: _MOST_SHORT - len(summary.short)]:
        query, _, positive = key.partition("\t")
        summary.short.append((query, positive, reason))
    summary.noisy = sorted(summary.noisy + noisiest(table, _MOST_NOISY), key=lambda row: (-row[0], *row[1:]))
    del summary.noisy[_MOST_NOISY:]
    for name in table.column_names:
        if name.startswith("evidence."):
            summary.evidence[name.removeprefix("evidence.")] += len(table) - table[name].null_count
    for check in summary.checks:
        check.add(table, groups)


def _threshold(rule: Rule) -> tuple[str, float]:
    """Returns the name and value of the setting that is the rule's threshold."""
    name = rule.threshold.setting if rule.threshold else str(rule.shorthand)
    return name, float(getattr(rule, name))


def _comparison(folder: Path) -> list[Mapping[str, Any]]:
    """Returns the rows of the comparison in whose folder `runs` a run is."""
    path = folder.parent.parent / "compare.json"
    if folder.parent.name != "runs" or not path.is_file():
        return []
    try:
        facts = read_state(path, _MEND)
        if not facts.get("finished"):
            return []
        _ROWS.validate_python(facts.get("rows"))
        return list(facts["rows"])
    except ValidationError as error:
        raise DataError(f"{path} is damaged: rows.{invalid_field(error)}; {_MEND}") from None
