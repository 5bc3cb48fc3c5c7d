"""Vectors on disk: shards named by what they hold, so that stale ones are never read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hardneg.core.progress import Progress
from hardneg.core.records import FloatArray, IntArray, rows_of
from hardneg.rankers.cache_files import build_or_load, read_array, write_array

SHARD = 8_192
"""Texts in one shard: what a killed run may have to encode again."""

Texts = Callable[[IntArray], list[str]]
Advance = Callable[[int], None]
Encode = Callable[[list[str], Advance], FloatArray]
"""From texts, and what receives the number of texts done, to (n, dimension) float32 or float16."""

_STORED = np.float32, np.float16


class Vectors:
    """Many vectors in chunks, (size, dimension) float32 or float16 each, the last one shorter.

    Each chunk is in memory or mapped from disk.
    """

    def __init__(self, chunks: Sequence[FloatArray], size: int = SHARD) -> None:
        self.chunks = list(chunks)
        self.size = size

    @classmethod
    def of(cls, array: FloatArray) -> Vectors:
        """Returns the rows of one (n, dimension) array, which is not copied."""
        return cls([array[begin : begin + SHARD] for begin in range(0, max(len(array), 1), SHARD)], SHARD)

    @classmethod
    def mapped(cls, paths: Sequence[Path]) -> Vectors:
        """Returns the vectors of shards, mapped without checking their checksums.

        Raises:
            OSError, ValueError: A shard is missing or incomplete.
        """
        chunks: list[FloatArray] = [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]
        return cls(chunks, len(chunks[0]) if chunks else SHARD)

    def __len__(self) -> int:
        return sum(len(chunk) for chunk in self.chunks)

    def part(self, begin: int, end: int) -> Vectors:
        """Returns the vectors of the chunks `begin:end`."""
        return Vectors(self.chunks[begin:end], self.size)

    @property
    def dimension(self) -> int:
        """The length of one vector."""
        return int(self.chunks[0].shape[1])

    def chunk(self, number: int, rows: slice = slice(None)) -> FloatArray:
        """Returns one chunk, or some rows of it, as float32, whatever it is stored in."""
        return np.ascontiguousarray(self.chunks[number][rows], np.float32)

    def gather(self, number: int, docs: IntArray) -> tuple[FloatArray, IntArray]:
        """Returns vectors of a chunk, (m, dimension) float32, and the row in them of each of its docs, (n,).

        What is stored as float32 is not copied; of all else only the rows needed are read.
        """
        chunk, rows = self.chunks[number], docs - np.int32(number * self.size)
        if chunk.dtype == np.float32 and chunk.flags.c_contiguous:
            return chunk, rows
        needed, positions = np.unique(rows, return_inverse=True)
        return np.asarray(chunk[needed], np.float32), positions.astype(np.int32)

    def take(self, rows: IntArray) -> FloatArray:
        """Returns (n, dimension) float32: the vectors of these rows, as `np.take` does."""
        taken = np.empty((len(rows), self.dimension), np.float32)
        numbers = rows // self.size
        for number in np.unique(numbers):
            inside = numbers == number
            taken[inside] = self.chunks[number][rows[inside] - number * self.size]
        return taken


class Store:
    """Keeps vectors in a folder, one file per shard.

    A shard's name is a digest of the encoder's fingerprint and its texts: another model, prompt, length or
    precision, or another text, has another name. Shards are written atomically and end in a checksum; a
    corrupt one is encoded again. Processes that lack the same shards take turns.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder / "vectors" / fingerprint[:16]
        self._fingerprint = fingerprint

    def vectors(
        self,
        texts: Texts,
        count: int,
        encode: Encode,
        progress: Progress,
        what: tuple[str, str],
        size: int = SHARD,
    ) -> Vectors:
        """Returns the vectors of `count` texts, encoding the shards that are missing.

        `what` is the stage's name and its unit, as in `("encode documents", "documents")`; `size` the texts
        in one shard.
        """
        chunks = []
        with progress.task(what[0], count, what[1]) as task:
            for rows in rows_of(count, size):
                chunks.append(self._shard(texts(rows), encode, task.advance, progress))
        return Vectors(chunks, size)

    def stored(self, texts: list[str]) -> FloatArray | None:
        """Returns the shard of these texts, mapped; None where it is not stored, or corrupt."""
        return _read(self.path(texts), len(texts))

    def has(self, texts: list[str]) -> bool:
        """Returns whether the shard of these texts is stored and not corrupt."""
        return self.stored(texts) is not None

    def keep(self, texts: list[str], vectors: FloatArray) -> None:
        """Writes one shard unless it is stored; does not wait for other processes."""
        if not self.has(texts):
            write_array(self.path(texts), vectors)

    def encode_missing(self, texts: list[str], encode: Encode) -> None:
        """Encodes and writes one shard unless it is stored; does not wait for other processes."""
        if not self.has(texts):
            write_array(self.path(texts), encode(texts, lambda count: None))

    def _shard(self, texts: list[str], encode: Encode, advance: Advance, progress: Progress) -> FloatArray:
        reported = 0

        def report(count: int) -> None:
            nonlocal reported
            reported += count
            advance(count)

        shard = build_or_load(
            self.path(texts),
            lambda path: _read(path, len(texts)),
            lambda: encode(texts, report),
            write_array,
            progress,
            "shards",
        )
        advance(len(texts) - reported)
        return shard

    def path(self, texts: list[str]) -> Path:
        """Returns the file of the shard of these texts, whether or not it exists."""
        digest = hashlib.sha256(self._fingerprint.encode())
        for text in texts:
            encoded = text.encode()
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
        return self._folder / f"{digest.hexdigest()[:32]}.npy"


def _read(path: Path, count: int) -> FloatArray | None:
    """Returns the shard, None if it is missing, corrupt or of another shape."""
    shard = read_array(path)
    fits = shard is not None and shard.dtype in _STORED and shard.ndim == 2 and len(shard) == count
    return shard if fits else None
