"""Scores of pairs, each paid for once: on disk, shared by all runs and processes, or in memory."""

from __future__ import annotations

import hashlib
import logging
import secrets
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from hardneg.core.errors import DataError
from hardneg.core.records import FloatArray
from hardneg.rankers.text_index import Digests

_SUFFIX = ".pairs"
_MAGIC = b"hnpairs1"
_HEADER = struct.Struct("<8sQ32s")
"""Of a frame: a constant, the number of its records, and the sha256 of that number and the records."""
_RECORD = np.dtype([("query", "S16"), ("document", "S16"), ("score", "<f4")])
_PIECE = np.dtype([("key", "<u8"), ("file", "<u4"), ("begin", "<u8"), ("count", "<u4")])
"""Records of one query in one frame: the first bytes of its digest, the file, their first byte and number."""
_MOST_IN_MEMORY = 1 << 20
_LOG = logging.getLogger("hardneg.rankers")


class PairScores(Protocol):
    """Keeps scores of pairs of texts."""

    def known(self, queries: Digests, documents: Digests) -> FloatArray:
        """Returns (n,) float32: the scores of n pairs, NaN where none is kept."""

    def add(self, queries: Digests, documents: Digests, scores: FloatArray) -> None:
        """Keeps the scores of n pairs."""


class PairMemory:
    """Keeps the scores of up to a million pairs in memory."""

    def __init__(self) -> None:
        self._scores: dict[tuple[bytes, bytes], float] = {}

    def known(self, queries: Digests, documents: Digests) -> FloatArray:
        """Returns what is kept; see `PairScores.known`."""
        pairs = zip(queries.tolist(), documents.tolist(), strict=True)
        return np.array([self._scores.get(pair, np.nan) for pair in pairs], np.float32)

    def add(self, queries: Digests, documents: Digests, scores: FloatArray) -> None:
        """Keeps scores, and forgets all others where they would be too many."""
        if len(self._scores) + len(scores) > _MOST_IN_MEMORY:
            self._scores.clear()
        pairs = zip(queries.tolist(), documents.tolist(), strict=True)
        self._scores.update(zip(pairs, scores.tolist(), strict=True))


class PairStore:
    """Keeps scores in files that only grow; each process appends to one of its own.

    A file is a row of frames, each with a checksum: one that a killed process has not finished is not read,
    one that is damaged is not read and logged; their pairs are scored again. What other processes append is
    seen at the next call. In memory are 24 bytes for each query of each frame; scores stay on disk.

    Args:
        cache: Folder of the cache.
        fingerprint: Digest of all but the texts that decides on a score.
    """

    def __init__(self, cache: Path, fingerprint: str) -> None:
        self._folder = cache / "pairs" / fingerprint[:32]
        self._own: BinaryIO | None = None
        self._files: list[Path] = []
        self._read_to: dict[Path, int] = {}
        self._damaged: set[Path] = set()
        self._runs: list[npt.NDArray[np.void]] = []  # pieces sorted by key, each at most half the one before

    def known(self, queries: Digests, documents: Digests) -> FloatArray:
        """Returns what is on disk; see `PairScores.known`."""
        self._refresh()
        scores = np.full(len(queries), np.nan, np.float32)
        distinct, owner = np.unique(queries, return_inverse=True)
        ends = np.cumsum(np.bincount(owner, minlength=len(distinct)))
        positions = np.split(np.argsort(owner, kind="stable"), ends[:-1]) if len(distinct) else []
        for query, wanted, pieces in zip(
            distinct.tolist(), positions, self._pieces(_keys(distinct)), strict=True
        ):
            found: dict[bytes, float] = {}
            for piece in pieces:
                records = self._records(piece)
                records = records[records["query"] == query]
                found.update(zip(records["document"].tolist(), records["score"].tolist(), strict=True))
            if found:
                scores[wanted] = [found.get(document, np.nan) for document in documents[wanted].tolist()]
        return scores

    def add(self, queries: Digests, documents: Digests, scores: FloatArray) -> None:
        """Appends a frame; it is whole on disk, or ignored.

        Raises:
            DataError: It cannot be written.
        """
        records = np.empty(len(scores), _RECORD)
        records["query"], records["document"], records["score"] = queries, documents, scores
        content = records[np.argsort(records["query"], kind="stable")].tobytes()
        frame = _HEADER.pack(_MAGIC, len(records), _checksum(len(records), content)) + content
        try:
            if self._own is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._own = (self._folder / f"{secrets.token_hex(8)}{_SUFFIX}").open("xb", buffering=0)
            if self._own.write(frame) != len(frame):
                raise OSError("the disk is full")
        except OSError as error:
            raise DataError(f"cannot write to {self._folder}: {error.strerror or error}") from None

    def _pieces(self, keys: npt.NDArray[np.uint64]) -> list[list[np.void]]:
        """Returns the pieces of each of some keys, oldest first."""
        pieces: list[list[np.void]] = [[] for _ in keys]
        for run in self._runs:
            begins = np.searchsorted(run["key"], keys, "left").tolist()
            ends = np.searchsorted(run["key"], keys, "right").tolist()
            for own, begin, end in zip(pieces, begins, ends, strict=True):
                own.extend(run[begin:end])
        return pieces

    def _records(self, piece: np.void) -> npt.NDArray[np.void]:
        """Returns the records of a piece; none where the file is gone by now."""
        try:
            with self._files[int(piece["file"])].open("rb") as opened:
                opened.seek(int(piece["begin"]))
                content = opened.read(int(piece["count"]) * _RECORD.itemsize)
        except OSError:
            return np.empty(0, _RECORD)
        return np.frombuffer(content[: len(content) // _RECORD.itemsize * _RECORD.itemsize], _RECORD)

    def _refresh(self) -> None:
        """Reads what this and other processes have appended since the last call."""
        new = [piece for path in sorted(self._folder.glob(f"*{_SUFFIX}")) for piece in self._appended(path)]
        if not new:
            return
        run = np.concatenate(new)
        self._runs.append(run[np.argsort(run["key"], kind="stable")])
        while len(self._runs) > 1 and 2 * len(self._runs[-1]) > len(self._runs[-2]):
            merged = np.concatenate([self._runs.pop(-2), self._runs.pop()])
            self._runs.append(merged[np.argsort(merged["key"], kind="stable")])

    def _appended(self, path: Path) -> Iterator[npt.NDArray[np.void]]:
        """Yields the pieces of the frames of a file that are new and whole."""
        try:
            size, begin = path.stat().st_size, self._read_to.get(path, 0)
            if size <= begin:
                return
            with path.open("rb") as opened:
                opened.seek(begin)
                while (header := opened.read(_HEADER.size)) and len(header) == _HEADER.size:
                    magic, count, checksum = _HEADER.unpack(header)
                    if magic != _MAGIC:
                        self._say_damaged(path)
                        begin = size  # where the next frame begins, nobody knows
                        break
                    if count * _RECORD.itemsize > size - opened.tell():
                        break  # not finished
                    content = opened.read(count * _RECORD.itemsize)
                    if _checksum(count, content) == checksum:
                        yield self._indexed(path, begin + _HEADER.size, np.frombuffer(content, _RECORD))
                    else:
                        self._say_damaged(path)
                    begin = opened.tell()
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror or error}") from None
        self._read_to[path] = begin

    def _indexed(self, path: Path, begin: int, records: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
        """Returns the pieces of a frame whose records begin at a byte of a file."""
        if path not in self._files[-1:]:
            self._files.append(path)
        queries, first, counts = np.unique(records["query"], return_index=True, return_counts=True)
        pieces = np.empty(len(queries), _PIECE)
        pieces["key"], pieces["file"], pieces["count"] = _keys(queries), len(self._files) - 1, counts
        pieces["begin"] = begin + first * _RECORD.itemsize
        return pieces

    def _say_damaged(self, path: Path) -> None:
        if path not in self._damaged:
            self._damaged.add(path)
            _LOG.warning("%s is damaged; the pairs that it has lost are scored again", path)


def _keys(queries: Digests) -> npt.NDArray[np.uint64]:
    """Returns (n,) uint64: the first 8 bytes of each digest."""
    return np.ascontiguousarray(queries).view("<u8")[::2]


def _checksum(count: int, content: bytes) -> bytes:
    return hashlib.sha256(count.to_bytes(8, "little") + content).digest()
