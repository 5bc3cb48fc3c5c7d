"""Scores that a row has beside its documents: of all, of the positives, or of the negatives."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.core.records.scores import SIDE, score_name
from hardneg.sources.cells import Cells, no_list
from hardneg.sources.tables import Row, kind_of

Scores = npt.NDArray[np.float64]

_NAME = re.compile(r"score|logit|similarit|distance", re.IGNORECASE)
_PLAIN = ("scores", "logits", "similarities", "distances")
_NUMBERS = {int, float, type(None)}
_LARGEST = float(np.finfo(np.float32).max)


def is_score(column: str) -> bool:
    """Returns whether a column's name says that it holds scores."""
    return _NAME.search(column) is not None


def scores_of(
    row: Row,
    owners: Sequence[str],
    negative: Sequence[bool | None],
    where: str,
    skip: Collection[str | None] = (),
) -> dict[str, Scores]:
    """Returns the scores of a row's documents by name, NaN where there is none.

    Args:
        row: The row.
        owners: The column of each document.
        negative: Whether each document is listed as a negative; None where its column is empty.
        where: The place of the row.
        skip: Columns that say something else.

    Raises:
        DataError: A list has more or fewer values than documents, or one is no number.
    """
    found: dict[str, Scores] = {}
    for column, value in row.items():
        if value is None or column in skip or column in owners or not is_score(column):
            continue
        name, places = _documents(column, owners, negative)
        values = value if isinstance(value, list) else [value]
        if len(values) < len(places):
            places = [place for place in places if negative[place] is not None]
        if len(values) != len(places):
            if isinstance(value, list) and values and name in _PLAIN:
                raise DataError(
                    f'{where}: "{column}" has {counted(len(values), "value")} for '
                    f"{counted(len(places), 'document')}"
                )
            continue
        own = found.setdefault(name, np.full(len(owners), np.nan))
        own[np.array(places, np.intp)] = _numbers(values, column, where, isinstance(row, Cells))
    return found


def own_scores(record: Mapping[str, Any], where: str) -> dict[str, float]:
    """Returns the scores that stand in a document's own record, as `{"docid": ..., "score": 0.5}`."""
    return {
        score_name(column): float(_numbers([value], column, where)[0])
        for column, value in record.items()
        if is_score(column) and value is not None and not isinstance(value, list | dict)
    }


def _documents(
    column: str, owners: Sequence[str], negative: Sequence[bool | None]
) -> tuple[str, Sequence[int]]:
    """Returns what the scores of a column are called, and the places of the documents that they are of."""
    owner = max((own for own in set(owners) if column.startswith(f"{own}_")), key=len, default=None)
    if owner is not None:
        places = [place for place, own in enumerate(owners) if own == owner]
        return score_name(column[len(owner) + 1 :]), places
    if (side := SIDE.match(column)) is not None:
        wanted = side[1].lower() == "neg"
        return score_name(column), [place for place, own in enumerate(negative) if own is wanted]
    return score_name(column), range(len(owners))


def _numbers(values: Sequence[Any], column: str, where: str, are_cells: bool = False) -> Scores:
    """Returns numbers as they are, NaN for null and for what is not finite."""
    if are_cells:
        values = [_of_cell(value, column, where) for value in values]
    if not set(map(type, values)) <= _NUMBERS:
        other = next(value for value in values if type(value) not in _NUMBERS)
        if isinstance(other, str) and other[:1] == "[":
            raise no_list(column, other, where)
        raise DataError(f'{where}: "{column}" holds {kind_of(other)}, {other!r:.40}; scores are numbers')
    try:
        found = np.array(values, np.float64)
    except OverflowError:
        found = np.array([np.nan if value is None else float(str(value)) for value in values])
    return np.where(np.abs(found) <= _LARGEST, found, np.nan)


def _of_cell(value: Any, column: str, where: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return float(value) if value.strip() else None
    except ValueError:
        return value
