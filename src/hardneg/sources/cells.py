"""Cells of CSV and TSV files, which are texts even where a list, an object or nothing is meant."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hardneg.core.errors import DataError
from hardneg.sources.parquet import MOST_VALUES, too_many_values

NOTHING = frozenset({"nan", "NaN", "None", "null", "NULL", "NaT", "<NA>", "#N/A"})
"""What pandas and spreadsheets write where there is no value."""

_TEXTS = re.compile(r"""(?:array\()?\[++\s*+u?['"].*['"]\s*+,?\s*+\]++(?:,\s*+dtype=\w+)?\)?""", re.DOTALL)
_NUMBERS = re.compile(r"\[[-+\d.eE,\s]*\]")
_OBJECT = re.compile(r"""\{\s*+(?:['"].*)?\}""", re.DOTALL)
_BEGIN = ("[", "{", "a")
"""How a list, an object, and an `array(...)` begin."""
_SHOWN = 40


class Cells(dict[str, Any]):
    """A row of cells: its values have no types."""


def decoded(row: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Returns a row whose cells are read as what they are in JSON, if that is a list or null."""
    if not isinstance(row, Cells):
        return row
    return Cells({column: _decoded(value, where) for column, value in row.items()})


def check_text(row: Mapping[str, Any], column: str, text: str, where: str, *, typed: bool = False) -> None:
    """Raises DataError if a text stands for a list, or in a cell for an object or nothing.

    Args:
        row: The row that holds it.
        column: The column that it stands in.
        text: The text.
        where: The place of the row.
        typed: Whether lists of texts are refused in rows of typed values too.
    """
    cell = isinstance(row, Cells)
    if not (cell or typed):
        return
    bare = text.strip()
    if bare[:1] not in _BEGIN and bare not in NOTHING:
        return
    if cell and bare in NOTHING:
        found, instead = "nothing", "leave the cell empty"
    elif _TEXTS.fullmatch(bare) or (cell and _NUMBERS.fullmatch(bare)):
        found, instead = "a list", 'write it in JSON, as ["one", "two"]'
    elif cell and bare[:1] == "{" and _OBJECT.fullmatch(bare):
        found, instead = "an object", "give its text alone"
    else:
        return
    else_text = "write the file as JSON lines" if cell else "put it into a list"
    raise DataError(
        f'{where}: "{column}" is {bare[:_SHOWN]!r}, which stands for {found}; {instead}; if it is the text, '
        f"{else_text}"
    )


def no_list(column: str, text: str, where: str) -> DataError:
    """Returns the error for a text where a list is needed."""
    return DataError(f'{where}: "{column}" is a text, {text[:_SHOWN]!r}; a list in JSON is needed')


def _decoded(value: Any, where: str) -> Any:
    if value == "null":
        return None
    if not isinstance(value, str) or not (value.lstrip()[:1] == "[" and value.rstrip()[-1:] == "]"):
        return value
    if value.count(",") > MOST_VALUES:
        raise too_many_values(where)
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
