"""Finds what the cache holds of a text, whichever other texts it was stored with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from hardneg.core.hashing import hash_texts
from hardneg.core.records import IntArray, rows_of
from hardneg.rankers.cache_files import read_array, write_array

Digests = npt.NDArray[np.bytes_]
"""(n,) S16: digests of texts."""

Texts = Callable[[IntArray], list[str]]
"""From rows of a collection to their texts."""

T = TypeVar("T")
_SUFFIX = ".texts"


def text_digests(texts: Sequence[str]) -> Digests:
    """Returns (n,) S16, the first 16 bytes of the BLAKE2b of each text."""
    return np.array([hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts], "S16")


@dataclass(frozen=True)
class Places:
    """Where the rows of texts are stored.

    Attributes:
        files: Files, each with a row for each of its texts.
        file: (n,) int32, the number of the file that has a text's row; -1 for none.
        row: (n,) int32, the row.
    """

    files: Sequence[Path]
    file: IntArray
    row: IntArray

    def by_file(self) -> list[tuple[Path, IntArray, IntArray]]:
        """Returns each file that has some of the texts, the numbers of these (m,) and their rows (m,)."""
        numbers = np.unique(self.file[self.file >= 0])
        texts = [np.flatnonzero(self.file == number).astype(np.int32) for number in numbers]
        return [(self.files[number], own, self.row[own]) for number, own in zip(numbers, texts, strict=True)]

    def completed(
        self,
        texts: Sequence[str],
        stored: Callable[[Path, IntArray], T | None],
        make: Callable[[list[str]], T],
    ) -> tuple[list[T], IntArray]:
        """Returns blocks of rows, and in which order (n,) int32 these are the rows of n texts.

        Args:
            texts: The texts, whose places these are.
            stored: From a file and rows of it to a block; None where the file does not hold them.
            make: From texts whose rows are not stored to a block.
        """
        found = [(stored(path, rows), own) for path, own, rows in self.by_file()]
        blocks = [block for block, _ in found if block is not None]
        numbers = [own for block, own in found if block is not None]
        rest = np.setdiff1d(np.arange(len(texts)), np.concatenate([np.empty(0, np.int32), *numbers]))
        if len(rest):
            blocks.append(make([texts[number] for number in rest]))
        order = np.argsort(np.concatenate([*numbers, rest]), kind="stable")
        return blocks, order.astype(np.int32)


class TextIndex:
    """The texts of the files of a folder, by their digests, which lie beside each file.

    Memory: 24 bytes for each text of the folder.

    Args:
        folder: The folder, which need not exist.
        left_out: Files of it that are left out.
    """

    def __init__(self, folder: Path, left_out: Collection[Path] = ()) -> None:
        listed = {path.with_suffix(""): path for path in sorted(folder.glob(f"*{_SUFFIX}"))}
        read = {path: _read(digests) for path, digests in listed.items() if path not in left_out}
        self._files = list(read)
        self._digests = np.concatenate([np.empty(0, "S16"), *read.values()])
        self._order = np.argsort(_keys(self._digests), kind="stable")
        self._ends = np.cumsum([len(digests) for digests in read.values()])

    def find(self, texts: Sequence[str]) -> Places:
        """Returns where the rows of texts are stored."""
        file, row = np.full(len(texts), -1, np.int32), np.zeros(len(texts), np.int32)
        if len(self._digests):
            digests = text_digests(texts)
            sought = np.searchsorted(_keys(self._digests), _keys(digests), sorter=self._order)
            position = self._order[np.minimum(sought, len(self._order) - 1)]
            found = self._digests[position] == digests
            file[found] = np.searchsorted(self._ends, position[found], "right")
            row[found] = position[found] - np.append(0, self._ends)[file[found]]
        return Places(self._files, file, row)


class TextFiles:
    """The files of a folder that hold a row for each of some texts.

    A file's name is a digest of the texts and of all else that decides on its rows.

    Args:
        folder: Holds the files of this fingerprint alone.
        fingerprint: Digest of all but the texts.
        suffix: Of the files.
    """

    def __init__(self, folder: Path, fingerprint: str, suffix: str) -> None:
        self._folder = folder / fingerprint[:16]
        self._fingerprint = fingerprint
        self._suffix = suffix

    def path(self, texts: Sequence[str]) -> Path:
        """Returns the file of these texts, whether or not it exists."""
        digest = hash_texts(texts, self._fingerprint.encode())
        return self._folder / f"{digest[:32]}{self._suffix}"

    def others(self, texts: Texts, count: int, size: int) -> Callable[[], TextIndex]:
        """Returns what reads, once, the texts of all files but those of `count` texts, `size` in a file.

        So what a file is made from does not depend on which files a killed run has finished.
        """
        return cache(
            lambda: TextIndex(self._folder, {self.path(texts(rows)) for rows in rows_of(count, size)})
        )


def write_digests(path: Path, texts: Sequence[str]) -> None:
    """Writes the digests of a file's texts beside it, before the file itself."""
    write_array(path.with_name(f"{path.name}{_SUFFIX}"), text_digests(texts))


def with_digests(texts: Sequence[str], write: Callable[[Path, T], object]) -> Callable[[Path, T], None]:
    """Returns a function that writes a file of these texts after their digests."""

    def written(path: Path, content: T) -> None:
        write_digests(path, texts)
        write(path, content)

    return written


def _keys(digests: Digests) -> npt.NDArray[np.uint64]:
    """Returns (n,) uint64: the first 8 bytes of each digest."""
    return np.ascontiguousarray(digests).view("<u8")[::2]


def _read(path: Path) -> Digests:
    """Returns the digests of a file, none where it is missing, damaged or of another kind."""
    digests = read_array(path)
    fits = digests is not None and digests.dtype == "S16" and digests.ndim == 1
    return np.array(digests if fits else [], "S16")
