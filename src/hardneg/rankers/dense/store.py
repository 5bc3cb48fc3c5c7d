"""Vectors on disk: shards named by what they hold, so that stale ones are never read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import Context
from hardneg.core.progress import Progress
from hardneg.core.records import FloatArray, IntArray, rows_of
from hardneg.rankers.cache_files import build_or_load, not_shared, read_array, write_array
from hardneg.rankers.text_index import Places, TextFiles, TextIndex, Texts, with_digests

SHARD = 8_192
"""Texts in one shard: what a killed run may have to encode again."""

Advance = Callable[[int], None]
Encode = Callable[[list[str], Advance], FloatArray]
"""From texts, and what receives the number of texts done, to (n, dimension) float32 or float16."""

_STORED = np.float32, np.float16


class Vectors:
    """Many vectors in chunks, (size, dimension) float32 or float16 each, the last one shorter.

    Each chunk is in memory or mapped from disk. Of vectors in files the names alone are pickled.

    Args:
        chunks: The chunks; None to map the files when they are first used.
        size: Vectors in a chunk.
        files: Arrays that hold the vectors and nothing else, each but the last a multiple of `size`.
    """

    def __init__(
        self, chunks: Sequence[FloatArray] | None, size: int = SHARD, files: Sequence[Path] = ()
    ) -> None:
        if chunks is not None:
            self.chunks = list(chunks)
        self.size = size
        self._files = tuple(files)

    @classmethod
    def of(cls, array: FloatArray, files: Sequence[Path] = ()) -> Vectors:
        """Returns the rows of one (n, dimension) array, which is not copied; `files` may hold the same."""
        return cls(_chunks(array, SHARD), SHARD, files)

    @cached_property
    def chunks(self) -> list[FloatArray]:
        """The chunks, mapped without checking checksums.

        Raises:
            DataError: A file is missing or incomplete.
        """
        try:
            arrays = [np.load(path, mmap_mode="r", allow_pickle=False) for path in self._files]
        except (OSError, ValueError) as error:
            raise not_shared("vectors", error) from None
        return [chunk for array in arrays for chunk in _chunks(array, self.size)]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "chunks" or not self._files}

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


def shared(array: FloatArray, context: Context) -> Vectors:
    """Returns the rows of one (n, dimension) array, in a file of the cache where other processes use them."""
    if not context.engine.spreads:
        return Vectors.of(array)
    digest = hashlib.sha256(f"{array.shape} {array.dtype}".encode())
    for chunk in _chunks(array, SHARD):
        digest.update(chunk.tobytes())
    path = context.cache.absolute() / "given" / f"{digest.hexdigest()[:32]}.npy"
    kept = build_or_load(path, read_array, lambda: array, write_array, context.progress, "vectors")
    return Vectors.of(kept, [path])


def _chunks(array: FloatArray, size: int) -> list[FloatArray]:
    return [array[begin : begin + size] for begin in range(0, max(len(array), 1), size)]


class Store(TextFiles):
    """Keeps vectors in a folder, one file per shard.

    A shard's name is a digest of the encoder's fingerprint and its texts: another model, prompt, length or
    precision, or another text, has another name. Shards are written atomically and end in a checksum; a
    corrupt one is made again. Vectors of texts that stand in shards of other collections are copied from
    there. Processes that lack the same shards take turns.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        super().__init__(folder / "vectors", fingerprint, ".npy")

    def vectors(
        self,
        texts: Texts,
        count: int,
        encode: Encode,
        progress: Progress,
        what: tuple[str, str],
        size: int = SHARD,
    ) -> Vectors:
        """Returns the vectors of `count` texts, encoding those that no shard has.

        `what` is the stage's name and its unit, as in `("encode documents", "documents")`; `size` the texts
        in one shard.
        """
        chunks, files = [], []
        others = self.others(texts, count, size)
        with progress.task(what[0], count, what[1]) as task:
            for rows in rows_of(count, size):
                shard = texts(rows)
                files.append(self.path(shard))
                chunks.append(self._shard(shard, others, encode, task.advance, progress))
        return Vectors(chunks, size, files)

    def stored(self, texts: list[str]) -> FloatArray | None:
        """Returns the shard of these texts, mapped; None where it is not stored, or corrupt."""
        return _read(self.path(texts), len(texts))

    def has(self, texts: list[str]) -> bool:
        """Returns whether the shard of these texts is stored and not corrupt."""
        return self.stored(texts) is not None

    def keep(self, texts: list[str], vectors: FloatArray) -> None:
        """Writes a shard; does not wait for other processes."""
        with_digests(texts, write_array)(self.path(texts), vectors)

    def encode_missing(self, texts: list[str], places: Places, encode: Encode) -> None:
        """Makes and writes one shard unless it is stored; does not wait for other processes."""
        if not self.has(texts):
            self.keep(texts, _with_stored(texts, places, encode, lambda count: None))

    def _shard(
        self,
        texts: list[str],
        others: Callable[[], TextIndex],
        encode: Encode,
        advance: Advance,
        progress: Progress,
    ) -> FloatArray:
        reported = 0

        def report(count: int) -> None:
            nonlocal reported
            reported += count
            advance(count)

        shard = build_or_load(
            self.path(texts),
            lambda path: _read(path, len(texts)),
            lambda: _with_stored(texts, others().find(texts), encode, report),
            with_digests(texts, write_array),
            progress,
            "shards",
        )
        advance(len(texts) - reported)
        return shard


def _with_stored(texts: list[str], places: Places, encode: Encode, advance: Advance) -> FloatArray:
    """Returns (n, dimension) float32 or float16: vectors of texts, copied where stored, else encoded."""

    def stored(path: Path, rows: IntArray) -> FloatArray | None:
        shard = _read(path)
        return None if shard is None or rows.max() >= len(shard) else shard[rows]

    blocks, order = places.completed(texts, stored, lambda rest: encode(rest, advance))
    if len({block.shape[1] for block in blocks}) > 1:  # a server has changed its model
        return encode(texts, advance)
    return np.concatenate(blocks)[order]


def _read(path: Path, count: int | None = None) -> FloatArray | None:
    """Returns a shard, None if it is missing, corrupt or of another shape than `count` vectors."""
    shard = read_array(path)
    fits = shard is not None and shard.dtype in _STORED and shard.ndim == 2 and count in (None, len(shard))
    return shard if fits else None
