"""Which column has which role: by the name that the user gave, else by the names that are known for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from hardneg.core.errors import DataError
from hardneg.core.lines import FileCounts

Named = Mapping[str, str]
"""Columns by role, as the user named them: `load.columns`."""

ROLES = (
    *("query", "prompt", "positive", "negative", "query_id", "doc_id", "relevance", "labels", "split"),
    *("id", "text", "title"),
    "scores",
    *("label", "label_text", "first", "second", "similarity"),
)
"""Roles of pairs, queries and judgments, of documents, of a training set's scores, of `classes`, of `sts`."""

PROMPT = ("prompt", "instruction")
"""The names of the column that has an instruction for each query."""

SKIP_EMPTY = "pass --set load.empty_texts=skip, without --strict"
_SHOWN = 40
_SAMPLE = 256
_FEW_WORDS = 4
_BODIES = {"context", "text", "content", "contents", "body", "paragraph", "passage_text", "document_text"}


class Notes(FileCounts):
    """What a loader merged, skipped or made up, counted by reason.

    Attributes:
        unread: The columns that nobody read, in order.
        read: The columns that were read.
        judged_empty: Documents and queries that were judged and have no text, as `document 471`.
    """

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        super().__init__(counts)
        self.unread: dict[str, None] = {}
        self.read: set[str] = set()
        self.judged_empty: dict[str, None] = {}
        self._known: set[tuple[tuple[str, ...], tuple[str | None, ...]]] = set()

    def columns(self, names: Collection[str], read: Collection[str | None]) -> None:
        """Records the columns of a row or table, and which of them are read."""
        known = tuple(names), tuple(read)
        if known in self._known:
            return
        self._known.add(known)
        self.read.update(name for name in read if name is not None)
        self.unread.update((name, None) for name in names if name not in read)

    def check(self, named: Named, source: str) -> None:
        """Raises DataError if the user named a column that was in no table, or for no role of one."""
        for role, column in named.items():
            if column not in self.read:
                raise DataError(
                    f'{source}: no column "{column}" was read as the {role}; roles are {", ".join(ROLES)}'
                )


class TextLengths:
    """Finds columns that nobody reads and that could be the document, by the first rows.

    Such a column has longer texts than the one that is taken as the positive, and not the same in all rows,
    as an instruction has; or its name is that of a document.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._positive = ""
        self._words: Counter[str] = Counter()
        self._texts: dict[str, set[int]] = {}

    @property
    def full(self) -> bool:
        """Whether further rows are not looked at."""
        return self._rows == _SAMPLE

    def add(self, row: Mapping[str, Any], positive: str, read: Collection[str]) -> None:
        """Adds a row, unless there are enough."""
        if self.full:
            return
        self._rows += 1
        self._positive = positive
        for column in (positive, *(name for name in row if name not in read)):
            text = _text(row.get(column))
            self._words[column] += len(text.split())
            self._texts.setdefault(column, set()).add(hash(text))

    def check(self, where: str) -> None:
        """Raises DataError if another column could be the document."""
        positive = self._positive
        for column, texts in self._texts.items():
            differ = len(texts) > max(1, self._rows // 10) or column.lower() in _BODIES
            longer = self._words[column] > max(self._words[positive], _FEW_WORDS * self._rows)
            if column != positive and differ and longer:
                own, other = (round(self._words[name] / self._rows) for name in (positive, column))
                raise DataError(
                    f'{where}: "{positive}" (words: {own}) and "{column}" (words: {other}) could each be the '
                    f"document; choose: --column positive={positive} or --column positive={column}"
                )


def column_of(
    row: Collection[str], role: str, accepted: Sequence[str], where: str, named: Named
) -> str | None:
    """Returns the column of a role: the one that the user named, else the one with a name known for it.

    None if there is none. A column that was named for another role has no other.

    Raises:
        DataError: Several could be it.
    """
    if role in named:
        return named[role] if named[role] in row else None
    taken = set(named.values())
    return one_of([name for name in row if name not in taken], accepted, role.replace("_", " "), where)


def one_of(columns: Collection[str], accepted: Collection[str], role: str, where: str) -> str | None:
    """Returns the column whose name, in any case, is among those accepted for a role, None without any."""
    found = [column for column in columns if column.lower() in accepted]
    if len(found) > 1:
        raise DataError(
            f"{where}: {' and '.join(found)} could each be the {role}; choose one with --column "
            f"{role.replace(' ', '_')}={found[0]}. Columns found: {some(columns)}; accepted for it: "
            f"{', '.join(accepted)}"
        )
    return found[0] if found else None


def some(names: Collection[str], most: int = _SHOWN, longest: int | None = _SHOWN) -> str:
    """Returns names for an error, no more of them, and of each no more, than can be read."""
    shown = ", ".join(name[:longest] for name in islice(names, most))
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def _text(value: Any) -> str:
    """Returns the text in a cell, those of a list one after the other; empty if there is none."""
    if isinstance(value, list):
        return " ".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""
