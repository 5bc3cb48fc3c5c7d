"""What the validators found that look for copies, shared sources, similar queries and leakage; examples."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import ValidationError

from hardneg.core.components import VALIDATORS, Validator
from hardneg.core.errors import ConfigError
from hardneg.core.records import BoolArray, Collection, IntArray, folded
from hardneg.core.registry import text_in
from hardneg.report.columns import GROUPS, floats
from hardneg.report.i18n import TEXT, Locale, cut
from hardneg.report.reasons import first_line, known
from hardneg.validators.settings import ValidateSettings

Parts = list[tuple[str, bool]]
"""A text in pieces, each with whether it differs from another text."""

_EXAMPLES_PER_GROUP = 3
_COMPARED = 4_000
_BEFORE = 60
_SHINGLE = 5
_WORDS = re.compile(r"\S+\s*")


class Hit(NamedTuple):
    """A candidate that a validator found."""

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
        examined: The candidates that it has evidence for.
        queries: The queries of those that it found.
        counts: (n_groups,) int64, the candidates that it found. Positives count for leakage alone: that a
            positive looks relevant is no finding.
        hits: A few of them: the first of each group, each of another query.
    """

    name: str
    validator: Validator
    examined: int = 0
    queries: int = 0
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(GROUPS), np.int64))
    hits: list[Hit] = field(default_factory=list)

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
        return int(self.counts[GROUPS.index(group)])

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
            counted &= groups != GROUPS.index("positive")
        hits = counted & self._hits(evidence)
        self.examined += int(counted.sum())
        self.counts += np.bincount(groups[hits], minlength=len(GROUPS))
        places = np.flatnonzero(hits)
        self.queries += len(table["query_id"].take(pa.array(places)).unique())
        for number, group in enumerate(GROUPS):
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


def checks(run: Mapping[str, Any]) -> list[Check]:
    """Returns the checks of a run's recipe, before anything is counted.

    There are none if this installation does not know a validator of the recipe.
    """
    try:
        settings = ValidateSettings.model_validate(run["recipe"].get("validation") or {})
    except (ConfigError, ValidationError):
        return []
    named = zip(settings.names, settings.validators, strict=True)
    return [Check(name, validator) for name, validator in named if validator.finds]


def checkers() -> list[str]:
    """Returns the names of the validators that are checks."""
    return [name for name in VALIDATORS.names() if (made := known(VALIDATORS, name)) and made.finds]


class DuplicateExample(NamedTuple):
    """An example as the page shows it; `resembles` is `positive`, `query`, `similar_query` or empty."""

    hit: Hit
    query: str
    text: Parts
    resembles: str = ""
    other_id: str = ""
    other_text: Parts = []


def duplicate_examples(check: Check, collection: Collection | None) -> list[DuplicateExample]:
    """Returns the examples of a check, negatives first; ids alone without a collection."""
    order = ("negative", "suspected", "dropped", "positive")
    hits = sorted(check.hits, key=lambda hit: order.index(hit.group))
    if collection is None:
        return [DuplicateExample(hit, "", []) for hit in hits]
    return [_example(check.finds, hit, collection) for hit in hits]


def _example(finds: str, hit: Hit, collection: Collection) -> DuplicateExample:
    queries, documents = collection.queries, collection.documents
    query, doc = int(queries.rows([hit.query_id])[0]), int(documents.rows([hit.doc_id])[0])
    [query_text], [text] = queries.texts([query]), documents.texts([doc])
    beginning: Parts = [(cut(text), False)]
    if finds == "similar queries":
        similar = _similar_query(query, doc, collection)
        if similar is not None:
            [name], [wording] = queries.ids([similar]), queries.texts([similar])
            marked = differing(wording, query_text)
            return DuplicateExample(hit, query_text, beginning, "similar_query", name, marked)
    positives = collection.judgments.positives(query)
    positives = positives[positives != doc]
    if finds == "leakage" or not len(positives):
        return DuplicateExample(hit, query_text, beginning)
    if finds == "same source":
        row = _same_source(doc, positives, collection)
        [name], [other] = documents.ids([row]), documents.texts([row])
        return DuplicateExample(hit, query_text, beginning, "positive", name, [(cut(other), False)])
    texts = documents.texts(positives)
    nearest = int(np.argmax([shingle_similarity(text, other) for other in texts]))
    other, kind, name = texts[nearest], "positive", documents.ids(positives[nearest : nearest + 1])[0]
    if shingle_similarity(text, query_text) > shingle_similarity(text, other):
        other, kind, name = query_text, "query", hit.query_id
    return DuplicateExample(hit, query_text, differing(text, other), kind, name, differing(other, text))


def differing(text: str, other: str, length: int = TEXT) -> Parts:
    """Returns a text around its first difference from another, in pieces: what they share and what not."""
    own, others = (_WORDS.findall(long[:_COMPARED]) for long in (text, other))
    keys = [[word.strip().casefold() for word in words] for words in (own, others)]
    parts = []
    for tag, begin, end, _, _ in difflib.SequenceMatcher(a=keys[0], b=keys[1], autojunk=False).get_opcodes():
        if begin < end:
            parts.append(("".join(own[begin:end]), tag != "equal"))
    if parts and not parts[0][1] and len(parts) > 1 and len(parts[0][0]) > length // 2:
        parts[0] = (f"… {parts[0][0][-_BEFORE:].partition(' ')[2]}", False)
    shown: Parts = []
    for piece, differs in parts:
        room = length - sum(len(before) for before, _ in shown)
        if len(piece) > room:
            return [*shown, (cut(piece, room), differs)]
        shown.append((piece, differs))
    return shown


def shingle_similarity(one: str, other: str) -> float:
    """Returns the Jaccard similarity of two texts' shingles of five characters, without case and spacing."""
    first, second = (
        {text[place : place + _SHINGLE] for place in range(max(len(text) - _SHINGLE + 1, 1))}
        for text in (folded(one[:_COMPARED]), folded(other[:_COMPARED]))
    )
    return len(first & second) / max(len(first | second), 1)


def _similar_query(query: int, doc: int, collection: Collection) -> int | None:
    """Returns the query most similar in wording among the others that a document is relevant for."""
    judgments, texts = collection.judgments, collection.queries.texts
    relevant = (judgments.doc == doc) & (judgments.relevance >= judgments.min_relevance)
    others = np.unique(judgments.query[relevant & (judgments.query != query)]).tolist()
    return max(others, key=lambda other: shingle_similarity(*texts([query, other])), default=None)


def _same_source(doc: int, positives: IntArray, collection: Collection) -> int:
    """Returns the positive of a document's title, else the one whose id begins most like its own."""
    rows: list[int] = [doc, *positives.tolist()]
    ids, titles = collection.documents.ids(rows), list(map(folded, collection.documents.titles(rows)))
    common = [
        (titles[0] != "" and titles[0] == titles[place], len(os.path.commonprefix([ids[0], ids[place]])))
        for place in range(1, len(rows))
    ]
    return rows[1 + common.index(max(common))]
