"""JSON as rows: one object a line, or an array of objects, objects over several lines, or what pandas writes.

An object with a `corpus` and a list of `data`, as NeMo AutoModel reads it, is its data.

Values are cut out of the text one by one, so that an array is read in the memory of its largest item.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from hardneg.core.errors import DataError, problem
from hardneg.core.lines import LONGEST, text_lines
from hardneg.sources.parquet import MOST_VALUES, too_many_values

Lines = Iterator[tuple[str, str]]

_MARKS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_OPEN_STRING = re.compile(r'"(?:[^"\\]|\\.)*')
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|([,\[{])', re.DOTALL)


def json_values(path: Path, label: str, notes: Counter[str]) -> Iterator[tuple[str, Any]]:
    """Yields (where, value) for each value of a file: those of its array, if it is one.

    Raises:
        DataError: A value is broken, not closed, or goes beyond the limits.
    """

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        notes.update(["repeated_names"] if len(found) < len(pairs) else [])
        return found

    parse = json.JSONDecoder(object_pairs_hook=made).decode
    for number, (where, text) in enumerate(_texts(text_lines(path, label, notes))):
        if len(text) > MOST_VALUES and _count(text) > MOST_VALUES:
            raise too_many_values(where)
        try:
            value = parse(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: broken JSON: {problem(error)}") from None
        rows = _of_pandas(value) if number == 0 else None
        if rows is None:
            yield where, value
        else:
            yield from ((f"{where}: row {place}", row) for place, row in enumerate(rows, 1))


def form_of(path: Path) -> tuple[bool, bool]:
    """Returns whether a JSON file is one array, and whether its rows are lists in place of objects."""
    first = "".join(line for _, line in islice(text_lines(path, notes=Counter()), 2))
    begin = "".join(first.split())[:2]
    return begin in ("[{", "[["), begin in ("[[", '["')


def _texts(lines: Lines) -> Lines:
    """Yields the texts of values: the lines, unless the first begins an array or leaves an object open."""
    first = next(lines, None)
    if first is None:
        return iter(())
    marks = [mark[0] for mark in _MARKS.finditer(first[1])]
    is_open = sum(_STEPS.get(mark, 0) for mark in marks) > 0 and _OPEN_STRING.fullmatch(marks[-1]) is None
    if first[1].lstrip().startswith("[") and not _is_list_of_texts(marks):
        return _cut(chain([first], lines), 1)
    return _cut(chain([first], lines), 0) if is_open else chain([first], lines)


def _is_list_of_texts(marks: list[str]) -> bool:
    """Returns whether a line is a list of texts, which is a row, and not the array of all rows."""
    return marks[-1] == "]" and len(marks) > 3 and all(mark[0] == '"' for mark in marks[1:-1])


def _cut(lines: Lines, base: int) -> Lines:
    """Yields (where it begins, text) for each array or object that is `base` deep in arrays."""
    depth, value, where = 0, _Value(), ""
    for where, line in lines:
        last = 0
        for mark in _MARKS.finditer(line):
            before, depth = depth, depth + _STEPS.get(mark[0], 0)
            if before <= base and depth <= base:  # a bracket of the array of all
                _check_between(line[last : mark.start()], where)
                _check_between("" if mark[0] in "[]" and depth >= 0 else mark[0], where)
                last = mark.end()
            elif before == base:
                _check_between(line[last : mark.start()], where)
                value, last = _Value(where), mark.start()
            elif depth == base:
                yield value.begin, value.text(line[last : mark.end()])
                last = mark.end()
        if depth > base:
            value.add(line[last:])
        else:
            _check_between(line[last:], where)
    if depth > 0:
        begin = value.begin if depth > base else where
        raise DataError(f"{begin}: broken JSON: a bracket is not closed; is the file cut off?")


class _Value:
    """The lines of a value that is not complete yet."""

    def __init__(self, begin: str = "") -> None:
        self.begin = begin
        self._lines: list[str] = []
        self._size = 0

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)
        if self._size > LONGEST:
            raise DataError(f"{self.begin}: broken JSON: the value is longer than {LONGEST:,} characters")

    def text(self, last: str) -> str:
        return "\n".join([*self._lines, last])


def _check_between(text: str, where: str) -> None:
    """Raises DataError if there is more than a comma between values."""
    stray = text.strip().strip(",").strip()
    if stray:
        raise DataError(f"{where}: broken JSON: {stray[:40]!r} where an object is needed")


def _of_pandas(value: Any) -> list[Any] | None:
    """Returns the rows of what `DataFrame.to_json` wrote as one object, None for any other value."""
    if not isinstance(value, Mapping):
        return None
    columns, data = value.get("columns"), value.get("data")
    if isinstance(data, list) and isinstance(columns, list) and set(value) <= {"columns", "index", "data"}:
        return [dict(zip(map(str, columns), row, strict=False)) for row in data if isinstance(row, list)]
    if isinstance(data, list) and (set(value) == {"schema", "data"} or "corpus" in value):
        return data
    inner = list(value.values())
    if not inner or not all(isinstance(each, Mapping) and each.keys() == inner[0].keys() for each in inner):
        return None
    if inner[0] and all(name.isdecimal() for name in inner[0]):
        return [{column: value[column][name] for column in value} for name in inner[0]]
    return inner if all(name.isdecimal() for name in value) else None


def _count(text: str) -> int:
    """Returns how many values a JSON text holds, less one."""
    return sum(found[1] is not None for found in _TOKENS.finditer(text))
