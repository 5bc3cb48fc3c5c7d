"""Answers of models on disk, so that no request is paid for twice."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from hardneg.core.errors import DataError

FILE = "answers.sqlite"
_TABLE = """create table if not exists answers (
    key text primary key, model text not null, answer text not null, time text not null,
    prompt_tokens integer not null, answer_tokens integer not null
) without rowid"""
_WAIT = 60.0  # seconds for another process that is writing


class Answer(NamedTuple):
    """The answer of a model."""

    text: str  # empty for a refusal without text
    time: str = ""  # ISO 8601
    prompt_tokens: int = 0  # by the endpoint's count; 0 without a count
    answer_tokens: int = 0


class AnswerStore:
    """Answers by key, on disk as soon as `put` returns; several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # used in one thread at a time, not always the one that opened it
            self._file = sqlite3.connect(
                self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False
            )
            self._file.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None

    def get(self, key: str) -> Answer | None:
        """Returns the answer of this key; None without one."""
        query = "select answer, time, prompt_tokens, answer_tokens from answers where key = ?"
        try:
            row = self._file.execute(query, (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        return Answer(*row) if row else None

    def put(self, key: str, model: str, answer: Answer) -> Answer:
        """Stores an answer unless the key has one; returns the stored one."""
        row = (key, model, answer.text, answer.time, answer.prompt_tokens, answer.answer_tokens)
        try:
            self._file.execute("insert or ignore into answers values (?, ?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        return self.get(key) or answer

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _unusable(self, error: Exception) -> DataError:
        return DataError(f"cannot use {self.path}: {error}; if it is corrupt, delete it")
