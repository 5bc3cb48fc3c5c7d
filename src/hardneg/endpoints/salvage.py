"""Reads what is left of a damaged file of answers, page by page, without its tree."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

COLUMNS = "key, model, answer, time, prompt_tokens, answer_tokens"
TABLE = """create table if not exists answers (
    key text primary key, model text not null, answer text not null, time text not null,
    prompt_tokens integer not null, answer_tokens integer not null
) without rowid"""
_MAGIC = b"SQLite format 3\0"
_PAGE = 4096
_WITH_ROWS = (2, 10)
"""Kinds of pages that hold rows, inner ones and leaves: https://sqlite.org/fileformat2.html"""
_KEY = re.compile(r"[0-9a-f]{64}")


def salvaged(path: Path) -> Iterator[tuple[Any, ...]]:
    """Yields the rows that can be read of a damaged file, some of them twice.

    A copy gets the first page of a new file, and each page that may hold rows takes its turn as the root of
    the table, so that damage to other pages does not matter.
    """
    page = _page_size(path)
    with tempfile.TemporaryDirectory(prefix="salvage-", dir=path.parent) as folder:
        copy = Path(folder) / "copy.sqlite"
        first = _first_page(Path(folder) / "new.sqlite", page, path.stat().st_size // page)
        shutil.copyfile(path, copy)
        with copy.open("r+b") as file:
            file.write(first)
            for number in range(1, path.stat().st_size // page):
                file.seek(number * page)
                content = file.read(page)
                if content[0] in _WITH_ROWS:
                    file.seek(page)
                    file.write(content)
                    file.flush()
                    yield from _rows(copy)


def _page_size(path: Path) -> int:
    with path.open("rb") as file:
        header = file.read(18)
    size = int.from_bytes(header[16:18], "big")
    plausible = header.startswith(_MAGIC) and size >= 512 and size & (size - 1) == 0
    return size if plausible else _PAGE


def _first_page(new: Path, page: int, count: int) -> bytes:
    """Returns the first page of a new file that says that it has some count of pages."""
    with closing(sqlite3.connect(new)) as file:
        file.execute(f"pragma page_size = {page}")
        file.execute(TABLE)
        file.commit()
    first = bytearray(new.read_bytes()[:page])
    first[28:32] = max(count, 2).to_bytes(4, "big")
    return bytes(first)


def _rows(copy: Path) -> Iterator[tuple[Any, ...]]:
    """Yields the rows below the root from both ends, up to what is damaged."""
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)) as file:
        file.text_factory = bytes
        for order in ("asc", "desc"):
            with suppress(sqlite3.Error):
                for row in file.execute(f"select {COLUMNS} from answers order by key {order}"):
                    if (decoded := _decoded(row)) is not None:
                        yield decoded
                return


def _decoded(row: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Returns a row with its texts; None where it is no answer."""
    *texts, prompt_tokens, answer_tokens = row
    try:
        key, model, answer, time = (text.decode() for text in texts)
    except (AttributeError, UnicodeDecodeError):
        return None
    counts = (prompt_tokens, answer_tokens)
    if not _KEY.fullmatch(key) or not all(isinstance(count, int) and count >= 0 for count in counts):
        return None
    return key, model, answer, time, *counts
