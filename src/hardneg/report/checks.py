"""What the validators found that look for copies, shared sources, similar queries and leakage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import ValidationError

from hardneg.core.components import VALIDATORS, Validator
from hardneg.core.errors import ConfigError
from hardneg.core.records import BoolArray
from hardneg.core.registry import text_in
from hardneg.report.columns import floats
from hardneg.report.i18n import Locale
from hardneg.report.reasons import first_line, known
from hardneg.validators.settings import ValidateSettings

_EXAMPLES_PER_GROUP = 3


class Hit(NamedTuple):
    """A candidate that a validator found.

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
        examined: The candidates that it has evidence for.
        queries: The queries of those that it found.
        counts: (n_groups,) int64, the candidates that it found. Positives count for leakage alone: that a
            positive looks relevant is no finding.
        hits: A few of them: the first of each group, each of another query.
    """

    name: str
    validator: Validator
    groups: tuple[str, ...]
    examined: int = 0
    queries: int = 0
    counts: npt.NDArray[np.int64] = field(init=False)
    hits: list[Hit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = np.zeros(len(self.groups), np.int64)

    @property
    def finds(self) -> str:
        """What it looks for, see `Validator.finds`."""
        return self.validator.finds

    @property
    def found(self) -> int:
        """How many candidates it found."""
        return int(self.counts.sum())

    def of(self, group: str) -> int:
        """Returns how many candidates of a group it found."""
        return int(self.counts[self.groups.index(group)])

    def label(self, locale: Locale) -> str:
        """Returns its title, numbered as its column is where a recipe has several of a kind."""
        kind = VALIDATORS.name_of(self.validator).replace("-", "_")
        title = text_in(locale.language, self.validator.label) or kind.replace("_", " ")
        return title + self.name.removeprefix(kind).replace("_", " ")

    def meaning(self, locale: Locale) -> str:
        """Returns one sentence on what it finds."""
        return text_in(locale.language, self.validator.meaning) or first_line(type(self.validator))

    def add(self, table: pa.Table, groups: npt.NDArray[np.int8]) -> None:
        """Counts what it found in a part of the ledger, whose (n_rows,) groups are given."""
        evidence = floats(table, f"evidence.{self.name}").astype(np.float32)
        counted = ~np.isnan(evidence)
        if self.finds != "leakage":
            counted &= groups != self.groups.index("positive")
        hits = counted & self._hits(evidence)
        self.examined += int(counted.sum())
        self.counts += np.bincount(groups[hits], minlength=len(self.groups))
        places = np.flatnonzero(hits)
        self.queries += len(table["query_id"].take(pa.array(places)).unique())
        for number, group in enumerate(self.groups):
            self._keep(group, places[groups[places] == number], table, evidence)

    def _hits(self, evidence: npt.NDArray[np.float32]) -> BoolArray:
        """Returns (n,) bool: what it suspects; all that has evidence if it only takes notes."""
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
        left = _EXAMPLES_PER_GROUP - sum(hit.group == group for hit in self.hits)
        for place in places.tolist():
            if left == 0:
                return
            query, doc = (table[name][place].as_py() for name in ("query_id", "doc_id"))
            if query not in shown:
                self.hits.append(Hit(query, doc, float(evidence[place]), group))
                shown.add(query)
                left -= 1


def checks(run: Mapping[str, Any], groups: tuple[str, ...]) -> list[Check]:
    """Returns the checks of a run's recipe, before anything is counted.

    There are none if this installation does not know a validator of the recipe.
    """
    try:
        settings = ValidateSettings.model_validate(run["recipe"].get("validation") or {})
    except (ConfigError, ValidationError):
        return []
    named = zip(settings.names, settings.validators, strict=True)
    return [Check(name, validator, groups) for name, validator in named if validator.finds]


def checkers() -> list[str]:
    """Returns the names of the validators that are checks."""
    return [name for name in VALIDATORS.names() if (made := known(VALIDATORS, name)) and made.finds]
