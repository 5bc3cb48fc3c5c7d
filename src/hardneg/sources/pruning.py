"""Rows of training sets without some of their negatives, lists being cut with those that run beside them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any

from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.sources.cells import no_list
from hardneg.sources.entries import Document, Entry
from hardneg.sources.tables import Row

ALL = ""
"""The owner of a list that has a value for every document of the row, as `scores` of a triplet."""

_NAMED = ("scores", "labels")


class ParallelColumns:
    """The columns of a table that hold a list with a value for each document of another list, in every row.

    A name that begins as a list's does (`neg_scores`, `negative_ids`) says which list a column belongs to;
    else the lengths tell.
    """

    def __init__(self, table: Iterable[tuple[Row, Entry]]) -> None:
        matched: dict[str, Counter[str]] = defaultdict(Counter)
        rows, lists = Counter[str](), set[str]()
        for row, entry in table:
            lengths = _lengths(entry)
            lists |= lengths.keys() - {ALL}
            for column, value in row.items():
                if value and column not in lengths:
                    rows[column] += 1
                if isinstance(value, list) and value and column not in lengths:
                    matched[column].update(owner for owner, length in lengths.items() if length == len(value))
        self._owners: dict[str, Sequence[str]] = {}
        self._lists = lists
        for column in matched.keys() - lists:
            always = {owner for owner, count in matched[column].items() if count == rows[column]}
            named = {owner for owner in lists if _is_named_after(column, owner)} & matched[column].keys()
            if not named and not always and column in _NAMED and matched[column]:
                named = {matched[column].most_common(1)[0][0]}
            if owners := named or (always - {ALL}) or always:
                self._owners[column] = sorted(owners)

    def of(self, row: Row, entry: Entry, where: str) -> dict[str, str]:
        """Returns the list that each parallel column of a row belongs to.

        Raises:
            DataError: It could belong to several, or has not as many values.
        """
        lengths, found = _lengths(entry), {}
        for column, value in row.items():
            if isinstance(value, str) and value[:1] == "[" and column not in lengths:
                if column in _NAMED or any(_is_named_after(column, owner) for owner in self._lists):
                    raise no_list(column, value, where)
        for column, owners in self._owners.items():
            if not isinstance(value := row.get(column), list) or not value:
                continue
            if len(owners) > 1:
                raise DataError(
                    f'{where}: "{column}" has as many values as {" and as ".join(owners)}; begin its name '
                    f"with that of its list, as in {owners[0]}_{column}"
                )
            [owner] = owners
            if len(value) != lengths[owner]:
                raise DataError(
                    f'{where}: "{column}" has {counted(len(value), "value")} for '
                    f"{counted(lengths[owner], 'document')}" + (f' of "{owner}"' if owner else "")
                )
            found[column] = owner
        return found


def pruned(
    row: Row, entry: Entry, dropped: Collection[int], beside: Mapping[str, str], fixed: bool = False
) -> Row | None:
    """Returns the row without some negatives, by their places among them; None if none would be left.

    In columns of one text each, and where all rows need as many, those left are repeated in turn.
    """
    documents = entry.documents
    negatives = [number for number, each in enumerate(documents) if entry.is_negative(each)]
    out = {negatives[place] for place in dropped}
    left = [number for number in negatives if number not in out]
    if not left:
        return None
    filled = {number for number in negatives if fixed or documents[number].place is None}
    turn = cycle([number for number in left if number in filled] or left)
    order = [
        (each.column, next(turn) if number in filled else number)
        for number, each in enumerate(documents)
        if number in filled or number not in out
    ]
    changed: dict[str, Any] = dict(row)
    lists = {each.column for each in documents if each.place is not None}
    for column, number in order:
        if column not in lists:
            changed[column] = _value(row, documents[number])
    for column in lists:
        changed[column] = [_value(row, documents[number]) for own, number in order if own == column]
    for column, owner in beside.items():
        places = [
            documents[number].place if owner else number for own, number in order if owner in (own, ALL)
        ]
        changed[column] = [row[column][place] for place in places]
    return changed


def _lengths(entry: Entry) -> Counter[str]:
    """Returns how many documents each list of a row has, and how many the row has."""
    lengths = Counter(each.column for each in entry.documents if each.place is not None)
    lengths[ALL] = len(entry.documents)
    return lengths


def _is_named_after(column: str, owner: str) -> bool:
    name, own = column.lower(), owner.lower()
    return name.startswith(own) or (name[:3] == own[:3] and own[:3] in ("pos", "neg"))


def _value(row: Row, document: Document) -> Any:
    value = row[document.column]
    return value if document.place is None else value[document.place]
