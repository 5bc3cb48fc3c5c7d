"""Vectors on disk: shards named by what they hold, so that stale ones can never be met."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hardneg.core.files import append_checksum, atomic, build_once, has_valid_checksum
from hardneg.core.progress import Progress
from hardneg.core.records import FloatArray, IntArray, rows_of

SHARD = 8_192
"""Texts in one shard: what a killed run may have to encode again."""

Texts = Callable[[IntArray], list[str]]
Advance = Callable[[int], None]
Encode = Callable[[list[str], Advance], FloatArray]
"""Texts, and who is told of those done, to (n, dimension) float32 or 16."""

_STORED = np.float32, np.float16


class Vectors:
    """Many vectors in equal chunks, the last one shorter, each in memory or mapped from disk.

    Args:
        chunks: (at most `size`, dimension) float32 or 16 each.
        size: Vectors in every chunk but the last.
    """

    def __init__(self, chunks: Sequence[FloatArray], size: int = SHARD) -> None:
        self.chunks = list(chunks)
        self.size = size

    @classmethod
    def of(cls, array: FloatArray) -> Vectors:
        """Returns the rows of one (n, dimension) array, which is not copied."""
        return cls([array[begin : begin + SHARD] for begin in range(0, len(array), SHARD)], SHARD)

    @classmethod
    def mapped(cls, paths: Sequence[Path]) -> Vectors:
        """Returns the vectors of shards, which are mapped as they are: whoever made them has looked at them.

        Raises:
            OSError, ValueError: A shard is not there or not whole.
        """
        chunks: list[FloatArray] = [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]
        return cls(chunks, len(chunks[0]) if chunks else SHARD)

    def __len__(self) -> int:
        return sum(len(chunk) for chunk in self.chunks)

    def part(self, begin: int, end: int) -> Vectors:
        """Returns the vectors of some chunks."""
        return Vectors(self.chunks[begin:end], self.size)

    @property
    def dimension(self) -> int:
        """The length of one vector."""
        return int(self.chunks[0].shape[1])

    def chunk(self, place: int, rows: slice = slice(None)) -> FloatArray:
        """Returns one chunk, or some rows of it, as float32, whatever it is stored in."""
        return np.ascontiguousarray(self.chunks[place][rows], np.float32)

    def some(self, place: int, docs: IntArray) -> tuple[FloatArray, IntArray]:
        """Returns vectors of a chunk, (m, dimension) float32, and where in them the docs are, if they are.

        What is stored as float32 is not copied; of all else no more is read than is asked for.

        Args:
            place: The chunk.
            docs: (n, depth) int32: vectors of any chunk, by number.
        """
        chunk, here = self.chunks[place], docs - np.int32(place * self.size)
        if chunk.dtype == np.float32 and chunk.flags.c_contiguous:
            return chunk, here
        inside = (here >= 0) & (here < len(chunk))
        needed, found = np.unique(here[inside], return_inverse=True)
        places = np.full_like(docs, -1)
        places[inside] = found
        return np.asarray(chunk[needed], np.float32), places

    def take(self, rows: IntArray) -> FloatArray:
        """Returns (n, dimension) float32: the vectors of some rows."""
        taken = np.empty((len(rows), self.dimension), np.float32)
        places = rows // self.size
        for place in np.unique(places):
            here = places == place
            taken[here] = self.chunks[place][rows[here] - place * self.size]
        return taken


class Store:
    """Keeps vectors in a folder, one file a shard.

    A shard's name is a digest of the encoder's fingerprint and its texts: another model, prompt, length or
    precision, or another text, has another name. Shards are written whole or not at all, and end in a digest
    of themselves: a damaged one is made again. Processes that lack the same shards take turns.

    Args:
        folder: Where shards are kept.
        fingerprint: Digest of all that makes the encoder's vectors what they are.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder / "vectors" / fingerprint[:16]
        self._fingerprint = fingerprint

    def vectors(
        self, texts: Texts, count: int, encode: Encode, progress: Progress, what: tuple[str, str]
    ) -> Vectors:
        """Returns the vectors of all texts, encoding the shards that are not there yet.

        Args:
            texts: Gives the texts of some rows.
            count: How many texts there are.
            encode: Makes the vectors.
            progress: Is told of the texts done.
            what: The stage's name and its unit, as in `("encode documents", "documents")`.
        """
        chunks = []
        with progress.task(what[0], count, what[1]) as task:
            for rows in rows_of(count, SHARD):
                chunks.append(self._shard(texts(rows), encode, task.advance, progress))
        return Vectors(chunks, SHARD)

    def has(self, texts: list[str]) -> bool:
        """Returns whether the shard of these texts is there, and whole."""
        return _read(self.path(texts), len(texts)) is not None

    def keep(self, texts: list[str], encode: Encode) -> None:
        """Encodes one shard and puts it there, unless it is there; takes no turns with other processes."""
        if not self.has(texts):
            self._made(self.path(texts), encode(texts, lambda count: None))

    def _shard(self, texts: list[str], encode: Encode, advance: Advance, progress: Progress) -> FloatArray:
        path = self.path(texts)

        def read() -> FloatArray | None:
            found = _read(path, len(texts))
            if found is not None:
                advance(len(texts))
            return found

        return build_once(
            read,
            lambda: self._made(path, encode(texts, advance)),
            self._folder,
            lambda: progress.task("wait for another process", None, "shards"),
        )

    def _made(self, path: Path, vectors: FloatArray) -> FloatArray:
        with atomic(path) as temporary:
            with temporary.open("wb") as file:
                np.save(file, np.ascontiguousarray(vectors), allow_pickle=False)
            append_checksum(temporary)
        shard: FloatArray = np.load(path, mmap_mode="r", allow_pickle=False)
        return shard

    def path(self, texts: list[str]) -> Path:
        """Returns where the shard of these texts is, or will be."""
        digest = hashlib.sha256(self._fingerprint.encode())
        for text in texts:
            encoded = text.encode()
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
        return self._folder / f"{digest.hexdigest()[:32]}.npy"


def _read(path: Path, count: int) -> FloatArray | None:
    """Returns the shard, or None if it is not there or damaged and must be made again."""
    if not has_valid_checksum(path):
        return None
    try:
        shard: FloatArray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return shard if shard.dtype in _STORED and shard.ndim == 2 and len(shard) == count else None
