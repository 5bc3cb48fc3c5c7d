"""The pairs whose judgement could change what is chosen, those first that are worth most.

Let p be the probability that a candidate is relevant. A recipe that keeps those with p <= b finds a false
negative as bad as (1 - b) / b true ones left out. By that measure a chosen negative costs p while nobody
judges it, and a hard candidate that is dropped costs (1 - p) b / (1 - b). That is what a verdict is worth,
the expected value of perfect information (Howard, 1966). It is greatest at p = b, where it is b for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hardneg.core.errors import ConfigError
from hardneg.core.records import Decision
from hardneg.core.verdicts import Verdict
from hardneg.runs import ledger
from hardneg.selection.fitting import rules_of
from hardneg.selection.reasons import rule_reason

_COLUMNS = ("query_id", "doc_id", "rank", "decision", "reason", "p_false_negative")
_NO_RULE = 0.5
"""The bound of a recipe that has none: a false negative is as bad as a true one left out."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NearDecision:
    """Pairs in the order of what their verdicts are worth.

    Attributes:
        bound: The probability above which the recipe drops a candidate.
        pairs: (query_id, doc_id).
        chosen: (n,) whether a pair is a negative now; the others are dropped, and would be chosen else.
        probability: (n,) that its document is relevant.
    """

    bound: float
    pairs: Sequence[tuple[str, str]]
    chosen: npt.NDArray[np.bool_]
    probability: Floats

    def summary(self, verdicts: Mapping[tuple[str, str], Verdict]) -> dict[str, Any]:
        """Returns what the verdicts bought, and what as many more are expected to buy.

        `found` are negatives judged relevant, `admitted` dropped candidates judged not relevant; `expected`
        is how many of both were to be expected by the probabilities, `more` what the next pairs promise.
        """
        judged = np.array([pair in verdicts for pair in self.pairs], bool)
        said = np.array([verdicts.get(pair) or "" for pair in self.pairs], object)
        following = np.flatnonzero(~judged)[: max(int(judged.sum()), 1)]
        return {
            "bound": self.bound,
            "near": len(self.pairs),
            "judged": int(judged.sum()),
            "found": int((self.chosen & (said == Verdict.RELEVANT)).sum()),
            "admitted": int((~self.chosen & (said == Verdict.NOT_RELEVANT)).sum()),
            "expected": self._expected(np.flatnonzero(judged)),
            "more": {"pairs": len(following), **self._expected(following)},
            "left": self._expected(np.flatnonzero(~judged)),
        }

    def _expected(self, rows: npt.NDArray[np.intp]) -> dict[str, float]:
        p, chosen = self.probability[rows], self.chosen[rows]
        found, admitted = p[chosen].sum(), (1 - p[~chosen]).sum()
        return {"found": round(float(found), 1), "admitted": round(float(admitted), 1)}


def near_decision(folder: Path, run: Mapping[str, Any]) -> NearDecision:
    """Returns the pairs of a run whose verdicts could change its negatives.

    These are its negatives, and candidates that a rule dropped by their probability though they stand before
    the last negative of their query, or the query has fewer negatives than asked: for each query at most as
    many as it may have negatives, those whose verdicts are worth most.

    Raises:
        ConfigError: The run has no probabilities.
    """
    bound, reasons = _bound(run)
    wanted = int(run["recipe"]["select"]["negatives"])
    tables = [_near(path, bound, reasons, wanted) for path in ledger.parts(folder)]
    table = pa.concat_tables([one for one in tables if one.num_rows] or tables[:1])
    if not table.num_rows:
        raise ConfigError(
            f"{folder} has no probabilities of false negatives, by which a budget is spent; mine with a "
            "recipe that calibrates, as default, or judge without a budget"
        )
    p = table["p_false_negative"].to_numpy().astype(np.float64)
    chosen = table["chosen"].to_numpy(zero_copy_only=False)
    order = np.argsort(-_value(p, chosen, bound), kind="stable")
    pairs = zip(table["query_id"].to_pylist(), table["doc_id"].to_pylist(), strict=True)
    listed = list(pairs)
    first = {listed[row]: row for row in reversed(order.tolist())}  # a pair of several examples counts once
    rows = [row for row in order.tolist() if first[listed[row]] == row]
    return NearDecision(bound, [listed[row] for row in rows], chosen[rows], p[rows])


def _value(p: Floats, chosen: npt.NDArray[np.bool_], bound: float) -> Floats:
    """Returns (n,) what each verdict is worth, in false negatives."""
    return np.where(chosen, p, (1 - p) * bound / max(1 - bound, 1e-9))


def _bound(run: Mapping[str, Any]) -> tuple[float, frozenset[str]]:
    """Returns the probability above which a run drops candidates, and the reasons for which it does."""
    bounds, reasons = [], set()
    for rule in rules_of(run):
        if rule.highest_probability is not None:
            bounds.append(rule.highest_probability)
            reasons.add(rule_reason(rule))
    return min(bounds, default=_NO_RULE), frozenset(reasons)


def _near(path: Path, bound: float, reasons: frozenset[str], wanted: int) -> pa.Table:
    """Returns query_id, doc_id, p_false_negative and chosen of one part's pairs near the decision."""
    table = ledger.read_table(path, list(_COLUMNS))
    _, query = np.unique(table["query_id"].to_numpy(zero_copy_only=False), return_inverse=True)
    p = table["p_false_negative"].to_numpy().astype(np.float64)
    rank = table["rank"].to_numpy().astype(np.float64)
    decision = table["decision"].to_numpy(zero_copy_only=False)
    chosen = decision == Decision.NEGATIVE
    last = np.full(int(query.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(last, query[chosen], rank[chosen])
    last[np.bincount(query[chosen], minlength=len(last)) < wanted] = np.inf
    dropped = np.isin(table["reason"].to_numpy(zero_copy_only=False).astype(str), sorted(reasons))
    hard = dropped & ~np.isnan(p) & (rank < last[query])
    kept = (chosen & ~np.isnan(p)) | _first(hard, query, -_value(p, chosen, bound), wanted)
    near = table.select(["query_id", "doc_id", "p_false_negative"]).filter(pa.array(kept))
    return near.append_column("chosen", pa.array(chosen[kept]))


def _first(
    marked: npt.NDArray[np.bool_], group: npt.NDArray[np.intp], key: Floats, most: int
) -> npt.NDArray[np.bool_]:
    """Returns (n,) which of the marked rows are among the first of their group by a key."""
    rows = np.flatnonzero(marked)
    order = rows[np.lexsort((rows, key[rows], group[rows]))]
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    first = np.zeros(len(marked), bool)
    first[order[place < most]] = True
    return first
