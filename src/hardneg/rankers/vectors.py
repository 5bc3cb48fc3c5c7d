"""Vectors of another program as a ranker, searched exactly."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import DataError, problem
from hardneg.core.files import digest_file, temp_memmap, user_path
from hardneg.core.lines import raw_lines
from hardneg.core.records import Collection, Documents, IntArray, Queries, id_key, rows_of
from hardneg.core.stores import fetched
from hardneg.rankers.dense import DenseRanker
from hardneg.rankers.dense.models import search_devices
from hardneg.rankers.dense.store import Vectors as Chunks
from hardneg.rankers.dense.store import shared

_BLOCK = 8_192
_UNIT = 0.01
"""How far from 1 the length of a normalised vector may be: fp16 and quantised ones are not exact."""

_IDS = 65_536


@ranker("vectors")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Vectors(Ranker):
    """Ranks by the dot product or cosine of given vectors.

    The folder holds `documents.npy` and `queries.npy`, (n, dimension) each, and `document_ids.txt` and
    `query_ids.txt`, one id per line in the order of the vectors. Ids may be left out only where the
    collection has as many rows; vectors of other documents and queries are ignored.

    Attributes:
        folder: Folder of the arrays.
        similarity: `dot` takes the vectors as they are; `cosine` normalises them to length 1 first; `auto` is
            `dot` if all have length 1, else `cosine`, which is said.
        search_device: Where to search, as torch names it, with the same results everywhere; several with
            commas between. None for all GPUs where copying the vectors pays, else `cpu`.
        name: The ranker's name in the ledger; None for `vectors`.
    """

    folder: str
    similarity: Literal["auto", "dot", "cosine"] = "auto"
    search_device: str | None = None
    name: str | None = None
    shorthand = "folder"
    comparable = True
    measures_similarity = True
    reads_texts = False
    compares_documents = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its arrays checked and mapped.

        Raises:
            DataError: A file is missing, or does not fit the collection; the message names it.
        """
        folder = user_path(fetched(self.folder, context.progress))
        documents, queries = _VectorFile(folder, "document"), _VectorFile(folder, "query")
        if documents.array.shape[1] != queries.array.shape[1]:
            raise DataError(
                f"{folder}: documents.npy has {documents.array.shape[1]} dimensions, "
                f"queries.npy {queries.array.shape[1]}; both must come from one model"
            )
        facts: dict[str, Any] = {"similarity": self.similarity, **documents.facts, **queries.facts}
        if self.similarity == "auto":
            facts |= _chosen(documents.norms, queries.norms)
        unit = facts["similarity"] == "cosine"
        return DenseRanker(
            facts,
            documents.matched(collection.documents, unit, context),
            queries.matched(collection.queries, unit, context),
            search_devices(self.search_device),
        )


def _chosen(*norms: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Returns the similarity that fits the lengths of vectors, and their range unless all are 1."""
    lengths = np.concatenate(norms)
    shortest, longest = float(lengths.min(initial=1)), float(lengths.max(initial=1))
    if shortest >= 1 - _UNIT and longest <= 1 + _UNIT:
        return {"similarity": "dot"}
    return {"similarity": "cosine", "lengths": [round(shortest, 4), round(longest, 4)]}


class _VectorFile:
    """One array of vectors, with its ids."""

    def __init__(self, folder: Path, kind: Literal["document", "query"]) -> None:
        self._kind = kind
        self._path = folder / ("documents.npy" if kind == "document" else "queries.npy")
        self._ids_path = folder / f"{kind}_ids.txt"
        self.array = self._load()
        self._has_ids = self._ids_path.exists()
        if self._has_ids:
            self._check_ids()

    @property
    def facts(self) -> dict[str, str]:
        """The digests of the files."""
        paths = [self._path, *([self._ids_path] if self._has_ids else [])]
        return {path.name: digest_file(path) for path in paths}

    @property
    def norms(self) -> npt.NDArray[np.float64]:
        """The lengths of a sample of the vectors; those that are zero or no numbers are left out."""
        rows = np.unique(np.linspace(0, len(self.array) - 1, _BLOCK).astype(np.int64))
        vectors: npt.NDArray[np.float64] = np.asarray(self.array[rows], np.float64)
        lengths: npt.NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        return lengths[np.isfinite(lengths) & (lengths > 0)]

    def matched(self, texts: Documents | Queries, unit: bool, context: Context) -> Chunks:
        """Returns the checked vectors of all texts, float32 or float16, of length 1 if `unit`.

        They are the mapped file itself; where vectors change, a temporary copy in the cache's folder, or one
        that is kept there where other processes read it.
        """
        positions = self._positions(texts)
        in_order = np.array_equal(positions, np.arange(len(self.array)))
        unchanged = not unit and self.array.dtype in (np.float32, np.float16) and in_order
        shape = len(positions), self.array.shape[1]
        copy = self.array if unchanged else temp_memmap(shape, np.float32, context.cache)
        for rows in rows_of(len(positions), _BLOCK):
            block = np.asarray(self.array[positions[rows]], np.float32)
            lengths = np.sqrt(np.einsum("ij,ij->i", block, block, dtype=np.float64))
            self._check(lengths, positions[rows], unit)
            if not unchanged:
                copy[rows] = block / lengths[:, None] if unit else block
        return Chunks.of(copy, [self._path.absolute()]) if unchanged else shared(copy, context)

    def _positions(self, texts: Documents | Queries) -> IntArray:
        """Returns (n,) int32: the position in the array of each row of the collection."""
        count = len(texts)
        if not self._has_ids:
            if len(self.array) != count:
                raise DataError(
                    f"{self._path} has {len(self.array):,} vectors, "
                    f"the collection {count:,} {self._path.stem}; "
                    f"write their ids, one a line, to {self._ids_path.name}"
                )
            return np.arange(count, dtype=np.int32)
        rows = np.concatenate([texts.rows(ids) for ids in self._id_blocks()])
        positions = np.full(count, -1, np.int32)
        # In reverse: of a document and its exact copies, the first counts.
        in_collection = np.flatnonzero(rows >= 0).astype(np.int32)[::-1]
        positions[rows[in_collection]] = in_collection
        missing = np.flatnonzero(positions < 0)
        if len(missing):
            raise DataError(
                f'{self._ids_path}: {self._kind} id "{texts.ids([int(missing[0])])[0]}" is missing, '
                f"as are {len(missing):,} of {count:,} in all"
            )
        return positions

    def _check(self, lengths: npt.NDArray[np.float64], positions: IntArray, unit: bool) -> None:
        bad = ~np.isfinite(lengths) | (unit & (lengths == 0))
        if not bad.any():
            return
        position = int(positions[np.flatnonzero(bad)[0]])
        problem = (
            "is zero, which has no cosine; --set rank.rankers.vectors.similarity=dot takes it as it is"
            if lengths[bad][0] == 0
            else "holds NaN, infinity or too large numbers"
        )
        which = f' ({self._kind} id "{next(islice(self._ids(), position, None))}")' if self._has_ids else ""
        raise DataError(f"{self._path}: the vector in row {position}, from 0,{which} {problem}")

    def _load(self) -> npt.NDArray[Any]:
        try:
            array = np.load(self._path, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # a damaged header raises what Python's parser does
            reason = (
                problem(error) if isinstance(error, OSError) else "it is no NumPy array (.npy), or damaged"
            )
            raise DataError(f"cannot read {self._path}: {reason}") from error
        if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind != "f" or not array.size:
            content = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else "an archive"
            raise DataError(f"{self._path}: found {content}, expected (n, dimension) of float16, 32 or 64")
        return array

    def _ids(self) -> Iterator[str]:
        return (line.removesuffix("\n").removesuffix("\r") for line in raw_lines(self._ids_path))

    def _id_blocks(self) -> Iterator[list[str]]:
        ids = self._ids()
        while block := list(islice(ids, _IDS)):
            yield block

    def _check_ids(self) -> None:
        """Checks that there is one id per vector, and none twice, without holding all in memory."""
        keys = np.sort(np.fromiter((id_key(name) for name in self._ids()), np.uint64))
        if len(keys) != len(self.array):
            raise DataError(
                f"{self._ids_path} has {len(keys):,} ids, {self._path.name} {len(self.array):,} vectors"
            )
        repeated = set(keys[1:][keys[1:] == keys[:-1]].tolist())
        if not repeated:
            return
        seen: set[str] = set()
        for number, name in enumerate(self._ids(), 1):
            if name in seen:
                raise DataError(f'{self._ids_path}:{number}: id "{name}" is given twice')
            if id_key(name) in repeated:
                seen.add(name)
