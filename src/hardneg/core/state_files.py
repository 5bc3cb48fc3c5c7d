"""Files that say what a folder holds: JSON objects with a checksum, written whole, refused when damaged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardneg.core.errors import unreadable
from hardneg.core.files import read_regular, write_json

CHECKSUM = "checksum"
"""The field with the sha256 of all others; files of earlier versions lack it."""


def fingerprint(*parts: Any) -> str:
    """Returns the sha256 of plain settings, hexadecimal."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def write_state(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """Writes plain content and its checksum, and returns both; a number that is not finite is null."""
    text = json.dumps({key: value for key, value in content.items() if key != CHECKSUM})
    plain = json.loads(text, parse_constant=lambda _: None)
    whole = with_checksum(plain)
    write_json(path, whole)
    return whole


def parse_state(path: Path) -> dict[str, Any]:
    """Returns what `write_state` wrote.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged.
    """
    try:
        content = json.loads(read_regular(path).decode(), parse_constant=_refuse)
        if not isinstance(content, dict):
            raise ValueError("an object is expected")
        json.dumps(content, ensure_ascii=False).encode()  # no halves of characters
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("it holds half a character") from None
    if not is_whole(content):
        raise ValueError("its checksum does not fit")
    return content


def with_checksum(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Returns plain content and its checksum."""
    return {**plain, CHECKSUM: fingerprint(plain)}


def is_whole(content: Mapping[str, Any]) -> bool:
    """Returns whether the checksum of plain content fits, or is missing as in earlier versions."""
    plain = {key: value for key, value in content.items() if key != CHECKSUM}
    return content.get(CHECKSUM) in (None, fingerprint(plain))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def read_state(path: Path, mend: str) -> dict[str, Any]:
    """Returns what `write_state` wrote.

    Raises:
        FileNotFoundError: There is no such file.
        DataError: It cannot be read, or is damaged, which `mend` mends.
    """
    try:
        return parse_state(path)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise unreadable(path, error, mend) from None
