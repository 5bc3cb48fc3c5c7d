"""What layouts that people bring are written with: texts, ids, and a table with what must be read of it.

Two queries, a positive each, and a third text that is nobody's positive. What is read is written as
{query: {text: relevance}}; the ids are compared where a layout has them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

Q1, Q2 = "what is amber", "what is jet"
AMBER, JET, ASH = "Amber is a resin.", "Jet is made of wood.", "Ash is a tree."
PAIRS = {Q1: {AMBER: 1}, Q2: {JET: 1}}
TRIPLETS = {Q1: {AMBER: 1, ASH: 0}, Q2: {JET: 1, ASH: 0}}
CROSSED = {Q1: {AMBER: 1, JET: 0, ASH: 0}, Q2: {JET: 1, AMBER: 0, ASH: 0}}
HALF = {Q1: {AMBER: 1, ASH: 0}, Q2: {JET: 1}}

Judged = Mapping[str, Mapping[str, int]]


@dataclasses.dataclass(frozen=True)
class Table:
    """A table and what must be read of it.

    Attributes:
        name: What it is.
        rows: Its rows.
        wanted: What is judged.
        ids: The ids of all queries and documents, unless they are made up.
        decisive: Columns without which the rows say something else, so that dropping them is no mutation.
        options: How it is read.
        beside: Files beside it, by name, as rows.
        more: Texts of documents that nobody judged.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    wanted: Judged
    ids: frozenset[str] | None = None
    decisive: tuple[str, ...] = ()
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    beside: Mapping[str, Sequence[Mapping[str, Any]]] = dataclasses.field(default_factory=dict)
    more: frozenset[str] = frozenset()

    @property
    def flat(self) -> bool:
        """Whether its cells are texts, numbers, or lists of these, so that a spreadsheet can hold them."""
        cells = [cell for row in self.rows for cell in row.values()]
        inner = [each for cell in cells for each in (cell if isinstance(cell, list) else [cell])]
        return not any(isinstance(each, dict | list) for each in inner)


def table(name: str, columns: str, *rows: Sequence[Any], wanted: Judged, **more: Any) -> Table:
    """Returns a table of rows; what stands behind their last cell is missing in them."""
    named = columns.split()
    return Table(name, [dict(zip(named, row, strict=False)) for row in rows], wanted, **more)


def ids(text: str) -> frozenset[str]:
    return frozenset(text.split())


def said(*texts: str) -> list[dict[str, str]]:
    """Returns messages, the last one a user's."""
    roles = ["system"] * (len(texts) - 1) + ["user"]
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]


def passages(key: str, *named: str, **more: Any) -> list[dict[str, Any]]:
    """Returns documents given as `id=text`."""
    return [{key: each[:1], "title": "", "text": each[2:], **more} for each in named]


A, J, S = f"a={AMBER}", f"j={JET}", f"s={ASH}"
TEXTS = [{"docid": each[0], "title": "", "text": each[2:]} for each in (A, J, S)]
NAMED = ids("1 2 a j s")
MADE_UP = ids("q1 q2 d1 d2 d3")
