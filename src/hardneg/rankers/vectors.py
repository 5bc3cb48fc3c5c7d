"""Given vectors as a ranker: arrays that another program made, searched exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import DataError
from hardneg.core.files import digest_file, temp_memmap
from hardneg.core.lines import raw_lines
from hardneg.core.records import Collection, FloatArray, IntArray, id_key, rows_of
from hardneg.core.stores import fetched

if TYPE_CHECKING:
    from hardneg.rankers.dense.topk import ExactSearch

_BLOCK = 8_192
_IDS = 65_536

Ids = Callable[[Sequence[int] | IntArray], list[str]]


@ranker("vectors")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Vectors(Ranker):
    """Ranks by the dot product or cosine of given vectors.

    The folder holds `documents.npy` and `queries.npy`, (n, dimension) each, and `document_ids.txt` and
    `query_ids.txt`, one id a line in the order of the vectors. Ids may be left out only where there are just
    as many vectors as the collection has rows; vectors of other documents and queries are passed over.

    Attributes:
        folder: Where the arrays are.
        similarity: `dot` takes the vectors as they are; `cosine` brings them to length 1 first.
        name: The ranker's name in the ledger; None for `vectors`.
    """

    folder: str
    similarity: Literal["dot", "cosine"] = "dot"
    name: str | None = None
    shorthand: ClassVar[str] = "folder"
    comparable: ClassVar[bool] = True
    measures_similarity: ClassVar[bool] = True
    reads_texts: ClassVar[bool] = False
    compares_documents: ClassVar[bool] = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its arrays checked and mapped.

        Raises:
            DataError: A file is missing, or does not fit the collection; the message names it.
        """
        from hardneg.rankers.dense.store import Vectors as Chunks
        from hardneg.rankers.dense.topk import ExactSearch

        folder = fetched(self.folder, context.progress).expanduser()
        documents, queries = _Given(folder, "document"), _Given(folder, "query")
        if documents.array.shape[1] != queries.array.shape[1]:
            raise DataError(
                f"{folder}: documents.npy has {documents.array.shape[1]} dimensions, "
                f"queries.npy {queries.array.shape[1]}; both must come from one model"
            )
        facts = {"similarity": self.similarity, **documents.facts, **queries.facts}
        unit = self.similarity == "cosine"
        rows = documents.rows(len(collection.documents), collection.documents.rows, collection.documents.ids)
        search = ExactSearch(
            Chunks.of(documents.prepared(rows, unit, context.cache)), len(collection.queries)
        )
        rows = queries.rows(len(collection.queries), collection.queries.rows, collection.queries.ids)
        return VectorRanker(search, queries.prepared(rows, unit, context.cache), facts)


class VectorRanker:
    """Exact search over given vectors.

    Args:
        search: The documents' vectors.
        queries: (n, dimension) float32, the vectors of the collection's queries, in row order.
        facts: What to record of them.
    """

    retrieves = True

    def __init__(self, search: ExactSearch, queries: FloatArray, facts: dict[str, Any]) -> None:
        self.facts = facts
        self._search = search
        self._queries = queries

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the most similar documents; see `OpenedRanker.search`."""
        return self._search.search(self._queries[queries], depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the similarity of given documents; see `OpenedRanker.score`."""
        return self._search.score(self._queries[queries], docs)

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: the similarity of (n,) documents to (n, m) others, NaN for -1."""
        return self._search.alike(docs, others)


class _Given:
    """One array of vectors, with its ids."""

    def __init__(self, folder: Path, kind: Literal["document", "query"]) -> None:
        self._kind = kind
        self._path = folder / ("documents.npy" if kind == "document" else "queries.npy")
        self._ids_path = folder / f"{kind}_ids.txt"
        self.array = self._load()
        self._named = self._ids_path.exists()
        if self._named:
            self._check_ids()

    @property
    def facts(self) -> dict[str, str]:
        """The digests of the files."""
        paths = [self._path, *([self._ids_path] if self._named else [])]
        return {path.name: digest_file(path) for path in paths}

    def rows(self, count: int, rows: Callable[[Sequence[str]], IntArray], ids: Ids) -> IntArray:
        """Returns (count,) int32: the place in the array of each row of the collection."""
        if not self._named:
            if len(self.array) != count:
                raise DataError(
                    f"{self._path} has {len(self.array):,} vectors, "
                    f"the collection {count:,} {self._path.stem}; "
                    f"write their ids, one a line, to {self._ids_path.name}"
                )
            return np.arange(count, dtype=np.int32)
        found = np.concatenate([rows(ids) for ids in self._id_blocks()])
        places = np.full(count, -1, np.int32)
        known = np.flatnonzero(found >= 0).astype(np.int32)[
            ::-1
        ]  # of a document and its exact copies, the first stands
        places[found[known]] = known
        missing = np.flatnonzero(places < 0)
        if len(missing):
            raise DataError(
                f'{self._ids_path}: {self._kind} id "{ids([int(missing[0])])[0]}" is missing, '
                f"as are {len(missing):,} of {count:,} in all"
            )
        return places

    def prepared(self, places: IntArray, unit: bool, folder: Path) -> FloatArray:
        """Returns (n, dimension) float32 or 16: the checked vectors at these places; the file if it will do.

        Args:
            places: (n,) int32.
            unit: Whether to bring the vectors to length 1.
            folder: Where a copy goes that is unlike the file; it vanishes with the process.
        """
        in_order = np.array_equal(places, np.arange(len(self.array)))
        as_it_is = not unit and self.array.dtype in (np.float32, np.float16) and in_order
        copy = self.array if as_it_is else temp_memmap((len(places), self.array.shape[1]), np.float32, folder)
        for rows in rows_of(len(places), _BLOCK):
            block = np.asarray(self.array[places[rows]], np.float32)
            lengths = np.sqrt(np.einsum("ij,ij->i", block, block, dtype=np.float64))
            self._check(lengths, places[rows], unit)
            if not as_it_is:
                copy[rows] = block / lengths[:, None] if unit else block
        return copy

    def _check(self, lengths: npt.NDArray[np.float64], places: IntArray, unit: bool) -> None:
        bad = ~np.isfinite(lengths) | (unit & (lengths == 0))
        if not bad.any():
            return
        place = int(places[np.flatnonzero(bad)[0]])
        problem = (
            "is zero, which has no cosine"
            if lengths[bad][0] == 0
            else "holds NaN, infinity or too large numbers"
        )
        which = f' ({self._kind} id "{next(islice(self._ids(), place, None))}")' if self._named else ""
        raise DataError(f"{self._path}: the vector in row {place}, from 0,{which} {problem}")

    def _load(self) -> npt.NDArray[Any]:
        try:
            array = np.load(self._path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise DataError(f"cannot read {self._path}: {reason}") from error
        if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind != "f" or not array.size:
            found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else "an archive"
            raise DataError(f"{self._path}: found {found}, expected (n, dimension) of float16, 32 or 64")
        return array

    def _ids(self) -> Iterator[str]:
        return (line.removesuffix("\n").removesuffix("\r") for line in raw_lines(self._ids_path))

    def _id_blocks(self) -> Iterator[list[str]]:
        ids = self._ids()
        while block := list(islice(ids, _IDS)):
            yield block

    def _check_ids(self) -> None:
        """Checks that there is one id a vector, and none twice; all are never held at once."""
        keys = np.sort(np.fromiter((id_key(name) for name in self._ids()), np.uint64))
        if len(keys) != len(self.array):
            raise DataError(
                f"{self._ids_path} has {len(keys):,} ids, {self._path.name} {len(self.array):,} vectors"
            )
        alike = set(keys[1:][keys[1:] == keys[:-1]].tolist())
        if not alike:
            return
        seen: set[str] = set()
        for number, name in enumerate(self._ids(), 1):
            if name in seen:
                raise DataError(f'{self._ids_path}:{number}: id "{name}" is given twice')
            if id_key(name) in alike:
                seen.add(name)
