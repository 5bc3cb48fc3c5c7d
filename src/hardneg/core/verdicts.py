"""Verdicts on single pairs, by people and language models: one JSON line each, never removed."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from hardneg.core import records
from hardneg.core.errors import DataError
from hardneg.core.files import atomic, open_locked, read_regular
from hardneg.core.state_files import fingerprint

FILE = "judgments.jsonl"
"""The file's name in a run directory."""

MODEL = "llm:"
"""How the names of judges begin that are language models."""

HIGHEST = 3
"""The highest grade."""


class Verdict(StrEnum):
    """A judge's verdict on one query and document."""

    RELEVANT = "relevant"
    NOT_RELEVANT = "not_relevant"
    PARTIAL = "partial"
    """It answers in part, less than a known positive does: no positive, and no negative either."""
    UNSURE = "unsure"
    WITHDRAWN = "withdrawn"
    """Withdraws the same judge's earlier verdict on the pair."""


_SHARES = {Verdict.RELEVANT: 1.0, Verdict.PARTIAL: 0.5, Verdict.NOT_RELEVANT: 0.0}
"""What each verdict counts in the share of judges who find a document relevant."""


class Judged(NamedTuple):
    """One line of the file."""

    query_id: str
    doc_id: str
    verdict: Verdict
    judge: str
    """The judge: a person's name, or `llm:` and the model's."""
    time: str = ""
    """When, in ISO 8601."""
    grade: int | None = None
    """From 0 to 3, as in TREC Deep Learning; None without one."""
    texts: str | None = None
    """The `texts_digest` of what was judged; None where it is unknown."""

    @property
    def pair(self) -> tuple[str, str]:
        """(query_id, doc_id)."""
        return self.query_id, self.doc_id


def texts_digest(query: str, document: str) -> str:
    """Returns the digest of the texts of a pair, 16 hexadecimal digits."""
    return fingerprint(query, document)[:16]


def texts_digests(collection: records.Collection, pairs: Sequence[tuple[str, str]]) -> list[str | None]:
    """Returns the `texts_digest` of pairs of (query_id, doc_id), None for what a collection lacks."""
    queries = collection.queries.rows([query_id for query_id, _ in pairs])
    docs = collection.documents.rows([doc_id for _, doc_id in pairs])
    known = np.flatnonzero((queries >= 0) & (docs >= 0))
    digests: list[str | None] = [None] * len(pairs)
    texts = collection.queries.texts(queries[known]), collection.documents.texts(docs[known])
    for place, query, document in zip(known.tolist(), *texts, strict=True):
        digests[place] = texts_digest(query, document)
    return digests


def append(path: Path, judged: Judged) -> None:
    """Appends one line, which is on disk when this returns; an unfinished last line is cut off first.

    Several processes may append to one file, one line at a time.

    Raises:
        DataError: The file cannot be written.
    """
    row = {name: value for name, value in judged._asdict().items() if value is not None}
    line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    with _opened(path) as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def arrange(path: Path, judges: Collection[str], pairs: Sequence[tuple[str, str]]) -> None:
    """Puts the verdicts of some judges in the order of the pairs; all other lines keep their places.

    Each judge's verdicts on one pair stay in order, so that the last one counts as before. A file that is in
    order, or does not exist, is left alone; another is replaced atomically.
    """
    if not path.exists():
        return
    place = {pair: number for number, pair in enumerate(pairs)}
    with _opened(path) as file:
        file.seek(0)
        lines = file.readlines()
        numbered = [
            (place[judged.pair], number)
            for number, judged in _numbered(lines, path)
            if judged.judge in judges and judged.pair in place
        ]
        arranged = list(lines)
        for (_, target), (_, origin) in zip(numbered, sorted(numbered), strict=True):
            arranged[target] = lines[origin]
        if arranged != lines:
            with atomic(path) as temporary:
                temporary.write_bytes(b"".join(arranged))


def read(path: Path) -> list[Judged]:
    """Returns the verdicts that count: each judge's last on each pair, in the order of first mention.

    An unfinished last line is skipped. A file that does not exist has none.

    Raises:
        DataError: A line is broken; the message names it.
    """
    _refuse_special(path)
    try:
        lines = read_regular(path).split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    last: dict[tuple[str, str, str], Judged] = {}
    for _, judged in _numbered(lines[:-1], path):
        last[(judged.judge, *judged.pair)] = judged
    return [judged for judged in last.values() if judged.verdict != Verdict.WITHDRAWN]


def relevance(verdicts: list[Judged]) -> dict[tuple[str, str], float]:
    """Returns, by (query_id, doc_id), the share of judges who find it relevant.

    A partial verdict counts as half of one; the unsure do not count.
    """
    return _means([(judged, _SHARES[judged.verdict]) for judged in verdicts if judged.verdict in _SHARES])


def mean_grades(verdicts: list[Judged]) -> dict[tuple[str, str], float]:
    """Returns, by (query_id, doc_id), the mean of the grades that judges gave, 0 to 3."""
    return _means([(judged, float(judged.grade)) for judged in verdicts if judged.grade is not None])


def by_judge(verdicts: list[Judged]) -> Iterator[tuple[str, dict[tuple[str, str], Verdict]]]:
    """Yields (judge, {(query_id, doc_id): verdict}) for every judge, in the order of first mention."""
    for name in dict.fromkeys(judged.judge for judged in verdicts):
        yield name, {judged.pair: judged.verdict for judged in verdicts if judged.judge == name}


def _means(votes: Sequence[tuple[Judged, float]]) -> dict[tuple[str, str], float]:
    by_pair: dict[tuple[str, str], list[float]] = {}
    for judged, value in votes:
        by_pair.setdefault(judged.pair, []).append(value)
    return {pair: sum(values) / len(values) for pair, values in by_pair.items()}


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Opens a file, created if missing, for one process at a time; it ends with a complete line."""
    _refuse_special(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = open_locked(path, "a+b", wait=True)
        assert opened is not None  # it waits
        with opened as file:
            file.truncate(_complete_length(file))
            yield file
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from error


def _refuse_special(path: Path) -> None:
    """Refuses what is no plain file, as a received run may hold.

    Raises:
        DataError: It is a symbolic link, a pipe or a folder.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        kind = "symbolic link" if path.is_symlink() else "pipe, folder or device"
        raise DataError(f"{path} is a {kind}, where a plain file is expected; delete it")


def _numbered(lines: Sequence[bytes], path: Path) -> Iterator[tuple[int, Judged]]:
    """Yields (number from 0, verdict) of every line that is not empty."""
    for number, line in enumerate(lines):
        if line.strip():
            yield number, _parsed(line, f"{path}:{number + 1}")


def _complete_length(file: IO[bytes]) -> int:
    """Returns the length of a file up to the end of its last complete line."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        begin = max(0, end - 4096)
        file.seek(begin)
        newline = file.read(end - begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        end = begin
    return 0


def _parsed(line: bytes, where: str) -> Judged:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: broken JSON: {error}") from None
    if not isinstance(row, Mapping):
        raise DataError(f"{where}: found {row!r}, expected an object")
    for name in ("query_id", "doc_id", "judge"):
        if not isinstance(row.get(name), str) or not row[name]:
            raise DataError(f'{where}: "{name}" is missing or no text')
    if row.get("verdict") not in list(Verdict):
        known = ", ".join(Verdict)
        raise DataError(f"{where}: verdict {row.get('verdict')!r} is unknown; it is one of {known}")
    grade = row.get("grade")
    if grade is not None and (type(grade) is not int or not 0 <= grade <= HIGHEST):
        raise DataError(f"{where}: grade {grade!r}, expected a whole number from 0 to {HIGHEST}, or none")
    named = row["query_id"], row["doc_id"], Verdict(row["verdict"]), row["judge"]
    texts = row.get("texts")
    return Judged(*named, str(row.get("time", "")), grade, None if texts is None else str(texts))
