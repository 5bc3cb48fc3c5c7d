"""Inverted indexes on disk: an Arrow file each, named by what it was made from, mapped when it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from hardneg.core.files import content_length, has_valid_checksum
from hardneg.core.records import Documents, rows_of
from hardneg.rankers.cache_files import checked_file
from hardneg.rankers.inverted.index import InvertedIndex

_META = b"hardneg"
_BLOCK = 8_192
_ARRAYS = ("indptr", "docs", "weights")


@dataclass(frozen=True)
class NamedIndex:
    """An inverted index and the names of its terms.

    Attributes:
        postings: The documents of each term.
        names: The name of each term, in the order of their numbers.
    """

    postings: InvertedIndex
    names: list[str]


def index_path(folder: Path, made_from: Mapping[str, Any]) -> Path:
    """Returns the file in a folder that holds the index made from just this."""
    key = json.dumps(made_from, sort_keys=True, ensure_ascii=False)
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.arrow"


def read_index(path: Path) -> NamedIndex | None:
    """Returns an index, its arrays mapped; None if the file is missing or corrupt."""
    if not has_valid_checksum(path):
        return None
    try:
        with (
            pa.memory_map(str(path)) as file,
            pa.ipc.open_file(file.read_buffer(content_length(path))) as reader,
        ):
            batch, meta = reader.get_batch(0), json.loads(reader.schema.metadata[_META])
        indptr, docs, weights = (batch[name].values.to_numpy(zero_copy_only=True) for name in _ARRAYS)
        names = batch["names"].values.to_pylist()
        return NamedIndex(InvertedIndex(indptr, docs, weights, meta["n_docs"]), names)
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None


def write_index(path: Path, index: NamedIndex) -> None:
    """Writes an index atomically, with a checksum.

    Raises:
        DataError: It cannot be written.
    """
    postings = index.postings
    arrays = map(pa.array, (postings.indptr, postings.docs, postings.weights))
    columns = {
        **dict(zip(_ARRAYS, arrays, strict=True)),
        "names": pa.array(index.names, pa.large_string()),
    }
    lists = [pa.LargeListArray.from_arrays([0, len(column)], column) for column in columns.values()]
    meta = {_META: json.dumps({"n_docs": postings.n_docs})}
    batch = pa.record_batch(lists, list(columns)).replace_schema_metadata(meta)
    with checked_file(path) as temporary, pa.ipc.new_file(temporary, batch.schema) as file:
        file.write_batch(batch)


def texts_digest(documents: Documents) -> str:
    """Returns the sha256 of all texts, in order, hexadecimal."""
    digest = hashlib.sha256()
    for rows in rows_of(len(documents), _BLOCK):
        for text in documents.texts(rows):
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()
