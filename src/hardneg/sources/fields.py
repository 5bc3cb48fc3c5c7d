"""Values of a row, checked: texts, ids and relevances, with errors that say what the place needs."""

from __future__ import annotations

import re
from collections.abc import Collection as Names
from typing import Any

from hardneg.core.errors import DataError
from hardneg.sources.tables import Row, kind_of, some

_WHOLE = re.compile(r"\s*([+-]?\d{1,12})(?:\.0*)?\s*", re.ASCII)


def text_of(row: Row, column: str, where: str, needs: str) -> str:
    """Returns the string in a column."""
    value = _value(row, column, where, needs)
    if not isinstance(value, str):
        raise DataError(f'{where}: "{column}" is a {kind_of(value)}; a string is needed')
    return value


def id_of(row: Row, column: str, where: str, needs: str) -> str:
    """Returns the id in a column; a whole number is turned into its digits."""
    return as_id(_value(row, column, where, needs), column, where)


def as_id(value: Any, column: str, where: str) -> str:
    """Returns a value as an id; a whole number is turned into its digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise DataError(f'{where}: "{column}" is a {kind_of(value)}; an id is a string or a whole number')


def optional_text(row: Row, column: str, where: str) -> str:
    """Returns the string in a column, empty if there is no such column or it holds null."""
    return "" if row.get(column) is None else text_of(row, column, where, "")


def relevance_of(value: Any, where: str) -> int:
    """Returns a relevance; `1.0` is 1, in digits or as a number."""
    if isinstance(value, bool):
        return int(value)
    match = _WHOLE.fullmatch(str(value))
    if match is None:
        raise DataError(f"{where}: the relevance is {value!r}; a whole number is needed")
    return int(match[1])


def one_of(columns: Names[str], accepted: Names[str], role: str, where: str) -> str | None:
    """Returns the column whose name, in any case, is among those accepted for a role, None without any."""
    found = [column for column in columns if column.lower() in accepted]
    if len(found) > 1:
        raise DataError(
            f"{where}: {' and '.join(found)} could each be the {role}; rename all but one. "
            f"Columns found: {some(columns)}; accepted for it: {', '.join(accepted)}"
        )
    return found[0] if found else None


def _value(row: Row, column: str, where: str, needs: str) -> Any:
    value = row.get(column)
    if value is None:
        raise DataError(f'{where}: "{column}" is missing; {needs}')
    return value
