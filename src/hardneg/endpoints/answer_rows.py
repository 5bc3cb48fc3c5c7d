"""Rows of the file of answers: their columns, and the checksum by which a damaged one is known."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

COLUMNS = "key, model, answer, time, prompt_tokens, answer_tokens, checksum"
TABLE = """create table if not exists answers (
    key text primary key, model text not null, answer text not null, time text not null,
    prompt_tokens integer not null, answer_tokens integer not null, checksum text
) without rowid"""
Row = tuple[Any, ...]
"""The columns of a row, in order."""

_TYPES = (str, str, str, str, int, int)
_KEY = re.compile(r"[0-9a-f]{64}")


def checked(row: Sequence[Any]) -> Row:
    """Returns the columns of an answer and their checksum, the blake2b of all, hexadecimal."""
    return *row, hashlib.blake2b(json.dumps(list(row)).encode(), digest_size=16).hexdigest()


def is_answer(row: Row) -> bool:
    """Returns whether a row holds an answer that is as it was stored, or was stored without a checksum."""
    *columns, checksum = row
    types = all(isinstance(value, kind) for value, kind in zip(columns, _TYPES, strict=True))
    if not types or not _KEY.fullmatch(columns[0]) or min(columns[4:]) < 0:
        return False
    return checksum is None or checksum == checked(columns)[-1]


def create_table(file: sqlite3.Connection) -> None:
    """Makes the table of answers if it is missing; that of an earlier version gets a column of checksums."""
    file.execute(TABLE)
    names = [column[1] for column in file.execute("pragma table_info(answers)")]
    if "checksum" not in names:
        file.execute("alter table answers add column checksum text")


def as_text(content: bytes) -> str | None:
    """Returns a text, None where it is damaged."""
    with suppress(UnicodeDecodeError):
        return content.decode()
    return None
