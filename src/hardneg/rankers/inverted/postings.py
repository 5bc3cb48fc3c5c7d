"""The inverted index of BM25, built block by block: what grows with the corpus is stored in unlinked files.

Each entry is that of bm25s (arXiv 2407.03618) to the bit: computed in float64, stored in fp32. On disk an
index is an Arrow file, named by what it was made from, and mapped when it is read.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hardneg.core.components import Context
from hardneg.core.errors import DataError, check_shortage
from hardneg.core.files import content_length, has_valid_checksum, temp_memmap, unlinked_file
from hardneg.core.hashing import hash_texts
from hardneg.core.records import Documents, FloatArray, IntArray, rows_of
from hardneg.rankers.cache_files import build_or_load, checked_file, not_shared
from hardneg.rankers.inverted.index import InvertedIndex
from hardneg.rankers.inverted.tokenizer import Vocabulary
from hardneg.rankers.kernels.jit import njit

DoubleArray = npt.NDArray[np.float64]
_BLOCK = 8_192
_IN_MEMORY = 1 << 24
"""Entries of an index that is kept in memory, 8 bytes each; a larger one is mapped from disk."""

_ARRAYS, _RANGES, _META = ("indptr", "docs", "weights"), "ranges", b"hardneg"
_DAMAGED = OSError, pa.ArrowException, KeyError, TypeError, ValueError, AttributeError
_ENTRY = np.dtype([("term", np.int32), ("count", np.int32)])
Odds = Callable[[DoubleArray, int], DoubleArray]
Saturation = Callable[[FloatArray, DoubleArray, float], DoubleArray]

# IDF is the logarithm of this, of a term's document frequency and the number of documents.
_IDF_ODDS: dict[str, Odds] = {
    "lucene": lambda df, n: 1 + (n - df + 0.5) / (df + 0.5),
    "robertson": lambda df, n: np.maximum((n - df + 0.5) / (df + 0.5), 1),
    "atire": lambda df, n: n / df,
}
_SATURATION: dict[str, Saturation] = {
    "lucene": lambda tf, norm, k1: tf / (k1 * norm + tf),
    "robertson": lambda tf, norm, k1: tf / (k1 * norm + tf),
    "atire": lambda tf, norm, k1: (tf * (k1 + 1)) / (tf + k1 * norm),
}


def build_index(
    documents: Documents, vocabulary: Vocabulary, method: str, k1: float, b: float, context: Context
) -> InvertedIndex:
    """Returns the BM25 index of documents, with settings of `Bm25`; new terms get numbers in the vocabulary.

    Raises:
        DataError: The disk is full.
    """
    postings = Postings(context.cache)
    with context.progress.task("bm25 index", len(documents), "documents") as task:
        for rows in rows_of(len(documents), _BLOCK):
            postings.add([vocabulary.encode(text) for text in documents.texts(rows)])
            task.advance(len(rows))
    return replace(postings.index(method, k1, b), names=vocabulary.stems)


class Postings:
    """Counts the terms of documents, then makes the index of them; writes what memory has no room for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blocks: list[tuple[int, int]] = []
        self._distinct: list[IntArray] = []
        self._lengths: list[IntArray] = []
        self._document_frequency: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._counts = unlinked_file(folder)

    def add(self, documents: Sequence[Sequence[int]]) -> None:
        """Counts the terms of the next documents."""
        lengths = np.fromiter(map(len, documents), np.int32, len(documents))
        terms = np.fromiter(chain.from_iterable(documents), np.int64, int(lengths.sum()))
        owners = np.repeat(np.arange(len(documents), dtype=np.int64), lengths)
        pairs, counts = np.unique(owners << 32 | terms, return_counts=True)
        entries = np.empty(len(pairs), _ENTRY)
        entries["term"], entries["count"] = pairs & 0xFFFFFFFF, counts
        try:
            self._counts.write(entries.tobytes())
        except OSError as error:
            raise DataError(f"cannot write to {self._folder}: {error.strerror or error}") from error
        size = max(len(self._document_frequency), 1 + int(entries["term"].max(initial=-1)))
        frequency = np.bincount(entries["term"], minlength=size)
        frequency[: len(self._document_frequency)] += self._document_frequency
        self._document_frequency = frequency
        self._blocks.append((len(documents), len(entries)))
        self._distinct.append(np.bincount(pairs >> 32, minlength=len(documents)).astype(np.int32))
        self._lengths.append(lengths)

    def index(self, method: str, k1: float, b: float) -> InvertedIndex:
        """Returns the index, each entry with its share of the BM25 score."""
        lengths = np.concatenate([*self._lengths, np.empty(0, np.int32)])
        n_docs, n_entries = len(lengths), int(self._document_frequency.sum())
        indptr = np.concatenate([[0], np.cumsum(self._document_frequency)]).astype(np.int64)
        docs, weights = self._allocate(n_entries, np.int32), self._allocate(n_entries, np.float32)
        if not n_entries:
            return InvertedIndex(np.zeros(1, np.int64), docs, weights, n_docs)
        odds = _IDF_ODDS[method](self._document_frequency.astype(np.float64), n_docs)
        idf = np.array([math.log(value) for value in odds.tolist()], np.float32)
        norms = (1 - b) + b * lengths / lengths.mean()
        next_ = indptr[:-1].copy()
        first = 0
        self._counts.seek(0)
        for (size, count), distinct in zip(self._blocks, self._distinct, strict=True):
            entries = np.frombuffer(self._counts.read(count * _ENTRY.itemsize), _ENTRY)
            owners = np.repeat(np.arange(first, first + size, dtype=np.int32), distinct)
            terms = np.ascontiguousarray(entries["term"])
            saturated = _SATURATION[method](entries["count"].astype(np.float32), norms[owners], k1)
            _append_entries(terms, owners, (idf[terms] * saturated).astype(np.float32), next_, docs, weights)
            first += size
        return InvertedIndex(indptr, docs, weights, n_docs)

    def _allocate(self, size: int, kind: Any) -> Any:
        return np.empty(size, kind) if size <= _IN_MEMORY else temp_memmap((size,), kind, self._folder)


def index_path(folder: Path, made_from: Mapping[str, Any]) -> Path:
    """Returns the file in a folder that holds the index made from just this."""
    key = json.dumps(made_from, sort_keys=True, ensure_ascii=False)
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.arrow"


def read_index(path: Path, n_docs: int) -> InvertedIndex | None:
    """Returns the index of so many documents, its arrays mapped; None if the file is missing or corrupt."""
    if not has_valid_checksum(path):
        return None
    try:
        batch, meta = _mapped(path)
        batch.validate(full=True)  # that no list or text ends beyond its buffer
        index = _index(batch, meta["n_docs"], batch["names"].values.to_pylist())
        return index if index.n_docs == n_docs and index.is_sound else None
    except _DAMAGED as error:
        check_shortage(path, error)
        return None


def map_index(path: Path) -> InvertedIndex:
    """Returns an index that another process has checked, its arrays mapped, its terms without names.

    Raises:
        DataError: The file is not there.
    """
    try:
        batch, meta = _mapped(path)
        return _index(batch, meta["n_docs"])
    except _DAMAGED as error:
        raise not_shared("the index", error) from None


def _mapped(path: Path) -> tuple[pa.RecordBatch, dict[str, Any]]:
    """Returns the columns of an index and what describes it."""
    with (
        pa.memory_map(str(path)) as file,
        pa.ipc.open_file(file.read_buffer(content_length(path))) as reader,
    ):
        return reader.get_batch(0), json.loads(reader.schema.metadata[_META])


def _index(batch: pa.RecordBatch, n_docs: int, names: Sequence[str] = ()) -> InvertedIndex:
    columns = [*_ARRAYS, _RANGES]
    indptr, docs, weights, ranges = (batch[name].values.to_numpy(zero_copy_only=True) for name in columns)
    return InvertedIndex(indptr, docs, weights, n_docs, names, ranges.reshape(-1, 2))


def write_index(path: Path, index: InvertedIndex) -> None:
    """Writes an index atomically, with a checksum; raises DataError where it cannot."""
    columns = {name: pa.array(getattr(index, name)) for name in _ARRAYS}
    columns[_RANGES] = pa.array(index.weight_ranges.ravel())
    columns["names"] = pa.array(index.names, pa.large_string())
    lists = [pa.LargeListArray.from_arrays([0, len(column)], column) for column in columns.values()]
    meta = {_META: json.dumps({"n_docs": index.n_docs})}
    batch = pa.record_batch(lists, list(columns)).replace_schema_metadata(meta)
    with checked_file(path) as temporary, pa.ipc.new_file(temporary, batch.schema) as file:
        file.write_batch(batch)


def shared(index: InvertedIndex, context: Context) -> Path:
    """Returns the file of the cache that holds an index, for other processes to map."""
    digest = hashlib.sha256(str(index.n_docs).encode())
    for name in _ARRAYS:
        digest.update(np.ascontiguousarray(getattr(index, name)).data)
    path = context.cache.absolute() / "given" / f"{digest.hexdigest()[:32]}.arrow"
    read = partial(read_index, n_docs=index.n_docs)
    build_or_load(path, read, lambda: index, write_index, context.progress, "indexes")
    return path


def texts_digest(documents: Documents) -> str:
    """Returns the sha256 of all texts, in order, hexadecimal."""
    return hash_texts(text for rows in rows_of(len(documents), _BLOCK) for text in documents.texts(rows))


@njit
def _append_entries(
    terms: IntArray,
    owners: IntArray,
    shares: FloatArray,
    next_: npt.NDArray[np.int64],
    docs: IntArray,
    weights: FloatArray,
) -> None:
    """Appends a block's entries to the documents of their terms."""
    for entry in range(len(terms)):
        position = next_[terms[entry]]
        docs[position] = owners[entry]
        weights[position] = shares[entry]
        next_[terms[entry]] = position + 1
