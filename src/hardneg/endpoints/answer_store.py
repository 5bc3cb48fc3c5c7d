"""Answers of models on disk: none is paid for twice, not even where the file is damaged."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hardneg.core.errors import DataError
from hardneg.core.files import open_locked
from hardneg.endpoints.answer_rows import COLUMNS, Row, as_text, checked, create_table, is_answer
from hardneg.endpoints.client import Answer
from hardneg.endpoints.salvage import salvaged

FILE = "answers.sqlite"
_DAMAGED = "answers-{}.damaged.sqlite"
_WAIT = 60.0  # seconds for another process that is writing
_CHECKED = 1 << 26  # bytes up to which a file is checked whenever it is opened
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR}
_LOG = logging.getLogger(__name__)


class AnswerStore:
    """Answers by key, on disk as soon as `put` returns; several processes may share it.

    A damaged file is set aside, and what can be read of it goes into a new one.

    Raises:
        DataError: The folder or the file cannot be used, by any method.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from None
        self._file: sqlite3.Connection | None = None
        self._damaged = set[str]()
        self._open()

    @property
    def was_damaged(self) -> bool:
        """Whether a damaged file was set aside, whose answers may be missing."""
        return any(self.path.parent.glob(_DAMAGED.format("*")))

    def get(self, key: str) -> Answer | None:
        """Returns the answer of this key; None without one, or where it is damaged."""
        rows = self._execute(f"select {COLUMNS} from answers where key = ?", key)
        if rows and not is_answer(rows[0]):
            if key not in self._damaged:
                self._damaged.add(key)
                _LOG.warning("%s: an answer in it is damaged and counts as missing", self.path)
            return None
        return Answer(*rows[0][2:6]) if rows else None

    def has_lost(self, key: str) -> bool:
        """Returns whether the answer of a key is damaged, or may have been lost with a damaged file."""
        if self._execute("select 1 from answers where key = ?", key):
            return self.get(key) is None
        return self.was_damaged

    def put(self, key: str, model: str, answer: Answer) -> Answer:
        """Stores an answer unless the key has one; returns the stored one."""
        stored = self.get(key)
        if stored is None:  # in place of one that is damaged, too
            row = checked([key, model, *answer])
            verb = "replace" if self._execute("select 1 from answers where key = ?", key) else "ignore"
            self._execute(f"insert or {verb} into answers ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)", *row)
            stored = self.get(key)
        return stored or answer

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _execute(self, query: str, *values: Any) -> list[Any]:
        """Returns the rows of a query; a file that proves to be damaged is mended first."""
        for attempt in (1, 2):
            try:
                if self._file is None:
                    self._open(thorough=attempt == 2)
                assert self._file is not None
                return self._file.execute(query, values).fetchall()
            except sqlite3.Error as error:
                if attempt == 2 or not _is_damage(error):
                    raise self._unusable(error) from None
                self.close()
        raise AssertionError

    def _open(self, *, thorough: bool = False) -> None:
        """Opens the file, one process at a time, and mends it where it is damaged."""
        try:
            lock = open_locked(self.path.with_name(".answers.lock"), "a", wait=True)
            assert lock is not None  # it waits
            with lock:
                try:
                    self._file = _opened(self.path, thorough=thorough)
                except sqlite3.Error as error:
                    if not _is_damage(error):
                        raise
                    self._mend()
                    self._file = _opened(self.path, thorough=True)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None

    def _mend(self) -> None:
        """Sets the damaged file aside and puts a new one in its place, with what can be read of it."""
        aside = self.path.with_name(_DAMAGED.format(secrets.token_hex(4)))
        new = aside.with_suffix(".new")
        try:
            count = _write(new, salvaged(self.path))
            shutil.copyfile(self.path, aside)
            aside.chmod(0o600)
            new.replace(self.path)
        finally:
            new.unlink(missing_ok=True)
        for kind in ("-journal", "-wal", "-shm"):  # of the damaged file
            self.path.with_name(self.path.name + kind).unlink(missing_ok=True)
        message = "%s was damaged: %s answers were saved from it, and it is kept as %s"
        _LOG.warning(message, self.path, count, aside.name)

    def _unusable(self, error: Exception) -> DataError:
        return DataError(f"cannot use {self.path}: {error}; if it is corrupt, delete it")


def _opened(path: Path, *, thorough: bool) -> sqlite3.Connection:
    """Opens a file that its owner alone can read, made if it is missing; raises what sqlite finds wrong."""
    exists = path.exists()
    if exists and not path.stat().st_size:
        raise sqlite3.DatabaseError("it is empty")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with suppress(PermissionError):  # where it is another user's
        path.chmod(0o600)
    # used in one thread at a time, not always the one that opened it
    file = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
    file.text_factory = as_text
    try:
        create_table(file)
        file.execute(f"select {COLUMNS} from answers limit 1").fetchall()
        if thorough or path.stat().st_size <= _CHECKED:
            found = file.execute("pragma quick_check(1)").fetchall()
            if found != [("ok",)]:
                raise sqlite3.DatabaseError(str(found[0][0]))
    except BaseException:
        file.close()
        raise
    return file


def _write(path: Path, rows: Iterable[Row]) -> int:
    """Writes a new file of answers and returns their count."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    file = sqlite3.connect(path)
    try:
        with file:
            create_table(file)
            values = f"insert or ignore into answers ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)"
            file.executemany(values, rows)
        return int(file.execute("select count(*) from answers").fetchone()[0])
    finally:
        file.close()


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return isinstance(error, sqlite3.DatabaseError) and code & 0xFF in _DAMAGE
