"""Inverted indexes on disk: an Arrow file each, named by what it was made from, mapped when it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
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


def index_path(folder: Path, made_from: Mapping[str, Any]) -> Path:
    """Returns the file in a folder that holds the index made from just this."""
    key = json.dumps(made_from, sort_keys=True, ensure_ascii=False)
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.arrow"


def read_index(path: Path) -> InvertedIndex | None:
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
        return InvertedIndex(indptr, docs, weights, meta["n_docs"], batch["names"].values.to_pylist())
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None


def write_index(path: Path, index: InvertedIndex) -> None:
    """Writes an index atomically, with a checksum; raises DataError where it cannot."""
    columns = {name: pa.array(getattr(index, name)) for name in _ARRAYS}
    columns["names"] = pa.array(index.names, pa.large_string())
    lists = [pa.LargeListArray.from_arrays([0, len(column)], column) for column in columns.values()]
    meta = {_META: json.dumps({"n_docs": index.n_docs})}
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
