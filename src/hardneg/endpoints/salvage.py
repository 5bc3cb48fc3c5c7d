"""Reads what is left of a damaged file of answers, page by page, without its tree."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from hardneg.endpoints.answer_rows import COLUMNS, TABLE, Row, as_text, is_answer

_MAGIC = b"SQLite format 3\0"
_PAGE = 4096
_WITH_ROWS = (2, 10)
"""Kinds of pages that hold rows, inner ones and leaves: https://sqlite.org/fileformat2.html"""


def salvaged(path: Path) -> Iterator[Row]:
    """Yields the answers that can be read of a damaged file, some of them twice.

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


def _rows(copy: Path) -> Iterator[Row]:
    """Yields the answers below the root from both ends, up to what is damaged."""
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)) as file:
        file.text_factory = as_text
        for order in ("asc", "desc"):
            with suppress(sqlite3.Error):
                for row in file.execute(f"select {COLUMNS} from answers order by key {order}"):
                    if is_answer(row):
                        yield row
                return
