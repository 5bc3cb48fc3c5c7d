"""What the validators found that look for copies, shared sources, sister queries and leakage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hardneg.core.components import VALIDATORS, Validator
from hardneg.core.records import BoolArray
from hardneg.validators.settings import ValidateSettings

KINDS = ("near-duplicate", "same-source", "sibling-positives", "leakage")
"""The validators whose findings are shown one by one."""

_KEPT = 3


class Hit(NamedTuple):
    """A candidate that a validator points at.

    Attributes:
        query_id: Its query.
        doc_id: The candidate.
        evidence: What the validator gave for it.
        group: What became of it, one of the figures' groups.
    """

    query_id: str
    doc_id: str
    evidence: float
    group: str


@dataclass
class Check:
    """What one validator found in a run.

    Attributes:
        name: Its name in the ledger's columns.
        validator: Its settings.
        groups: The figures' groups of candidates.
        looked_at: The candidates that it looked at.
        queries: The queries of those that it points at.
        counts: (n_groups,) int64, the candidates that it points at. A positive counts for `leakage` alone:
            it is no finding that a positive looks relevant.
        hits: A few of them: the first of each group, each of another query.
    """

    name: str
    validator: Validator
    groups: tuple[str, ...]
    looked_at: int = 0
    queries: int = 0
    counts: npt.NDArray[np.int64] = field(init=False)
    hits: list[Hit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = np.zeros(len(self.groups), np.int64)

    @property
    def kind(self) -> str:
        """The validator's own name, as recipes write it."""
        return VALIDATORS.name_of(self.validator)

    @property
    def found(self) -> int:
        """How many candidates it points at."""
        return int(self.counts.sum())

    def of(self, group: str) -> int:
        """Returns how many candidates of a group it points at."""
        return int(self.counts[self.groups.index(group)])

    def add(self, table: pa.Table, groups: npt.NDArray[np.int8]) -> None:
        """Counts what it found in a part of the ledger, whose (n_rows,) groups are given."""
        column = f"evidence.{self.name}"
        if column not in table.column_names:
            return
        evidence = table[column].cast(pa.float32()).fill_null(float("nan")).to_numpy()
        counted = ~np.isnan(evidence)
        if self.kind != "leakage":
            counted &= groups != self.groups.index("positive")
        found = counted & self._points_at(evidence)
        self.looked_at += int(counted.sum())
        self.counts += np.bincount(groups[found], minlength=len(self.groups))
        places = np.flatnonzero(found)
        self.queries += len(table["query_id"].take(pa.array(places)).unique())
        for number, group in enumerate(self.groups):
            self._keep(group, places[groups[places] == number], table, evidence)

    def _points_at(self, evidence: npt.NDArray[np.float32]) -> BoolArray:
        """Returns (n,) bool: a note suspects nothing, so all that it names counts."""
        if self.validator.kind == "note":
            return evidence > 0
        unknown = np.full((1, 1), np.nan, np.float32)
        suspicious: BoolArray = self.validator.suspects(evidence[None, :], unknown)[0]
        return suspicious

    def _keep(
        self, group: str, places: npt.NDArray[np.intp], table: pa.Table, evidence: npt.NDArray[np.float32]
    ) -> None:
        """Adds candidates of one group to the examples, until there are enough."""
        shown = {hit.query_id for hit in self.hits}
        left = _KEPT - sum(hit.group == group for hit in self.hits)
        for place in places.tolist():
            if left == 0:
                return
            query, doc = (table[name][place].as_py() for name in ("query_id", "doc_id"))
            if query not in shown:
                self.hits.append(Hit(query, doc, float(evidence[place]), group))
                shown.add(query)
                left -= 1


def checks(run: Mapping[str, Any], groups: tuple[str, ...]) -> list[Check]:
    """Returns the checks that a run's recipe asked for, before anything is counted."""
    asked = ValidateSettings.model_validate(run["recipe"].get("validation") or {})
    named = zip(asked.names, asked.validators, strict=True)
    return [Check(name, one, groups) for name, one in named if VALIDATORS.name_of(one) in KINDS]
