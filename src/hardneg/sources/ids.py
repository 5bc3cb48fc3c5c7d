"""Ids and the texts that they stand for: what they may hold, and the error for an id of two texts."""

from __future__ import annotations

import re
import unicodedata
from os.path import commonprefix

from hardneg.core.errors import DataError

_SURROGATE = re.compile("[\\ud800-\\udfff]")
_BEFORE = 20
_SHOWN = 60


def clean_text(text: str) -> str:
    """Returns the text stripped, with lone surrogates (broken escapes) replaced."""
    return unbroken(text).strip()


def unbroken(text: str) -> str:
    """Returns the text with lone surrogates (broken escapes) replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def is_broken(*texts: str) -> bool:
    """Returns whether a text has a lone surrogate in it."""
    return not all(map(str.isascii, texts)) and any(_SURROGATE.search(text) for text in texts)


def has_controls(name: str) -> bool:
    """Returns whether an id has characters in it that are not seen but break lines or columns."""
    return not name.isprintable() and any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in name)


def given_twice(kind: str, name: str, what: str, first: str, second: str, where: str) -> DataError:
    """Returns the error for an id of two, with their texts or titles from shortly before they differ."""
    begin = max(0, len(commonprefix([first, second])) - _BEFORE)
    shown = [("..." if begin else "") + repr(text[begin : begin + _SHOWN]) for text in (first, second)]
    return DataError(
        f'{where}: {kind} id "{name}" is given twice, with different {what}: {shown[0]} and {shown[1]}; keep '
        "one of them, or give each an id of its own"
    )


def check_id(name: str, kind: str, where: str) -> None:
    """Raises DataError if an id is empty or could break a line or a column."""
    if not name.strip():
        raise DataError(f"{where}: the {kind} id is empty")
    if not name.isprintable() and any(c < " " or "\ud800" <= c <= "\udfff" for c in name):
        raise DataError(
            f"{where}: the {kind} id {name!a} has a tab, a line break or a broken character in it"
        )
