"""Inverted indexes on disk: an Arrow file each, named by what it was made from, mapped when it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from hardneg.core.files import append_checksum, atomic, content_length, has_valid_checksum
from hardneg.core.progress import Progress
from hardneg.core.records import Documents, rows_of
from hardneg.rankers.inverted.index import Inverted
from hardneg.rankers.kernels.build_or_load import build_or_load

_META = b"hardneg"
_BLOCK = 8_192
_ARRAYS = ("begins", "docs", "weights")


@dataclass(frozen=True)
class Index:
    """An inverted index and what its terms are called.

    Attributes:
        postings: The documents of each term.
        names: The name of each term, in the order of their numbers.
    """

    postings: Inverted
    names: list[str]


class IndexStore:
    """Keeps indexes in a folder. A file ends in a digest of itself, which is checked when it is read.

    Args:
        folder: Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, made_from: Mapping[str, Any]) -> Path:
        """Returns where the index made from just this lies, or would lie."""
        named = json.dumps(made_from, sort_keys=True, ensure_ascii=False)
        return self._folder / f"{hashlib.sha256(named.encode()).hexdigest()[:32]}.arrow"

    def index(self, path: Path, build: Callable[[], Index], progress: Progress) -> Index:
        """Returns an index from the cache, where it is put first if it is not there or damaged.

        Processes that lack an index take turns.

        Raises:
            DataError: It cannot be written.
        """
        return build_or_load(path, lambda: self.read(path), build, self.write, progress, "indexes")

    def read(self, path: Path) -> Index | None:
        """Returns an index, its arrays mapped; None if it is not there or damaged."""
        if not has_valid_checksum(path):
            return None
        try:
            with (
                pa.memory_map(str(path)) as file,
                pa.ipc.open_file(file.read_buffer(content_length(path))) as opened,
            ):
                batch, meta = opened.get_batch(0), json.loads(opened.schema.metadata[_META])
            begins, docs, weights = (batch[name].values.to_numpy(zero_copy_only=True) for name in _ARRAYS)
            return Index(Inverted(begins, docs, weights, meta["n_docs"]), batch["names"].values.to_pylist())
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
            return None

    def write(self, path: Path, index: Index) -> None:
        """Writes an index atomically.

        Raises:
            DataError: It cannot be written.
        """
        postings = index.postings
        arrays = map(pa.array, (postings.begins, postings.docs, postings.weights))
        columns = {
            **dict(zip(_ARRAYS, arrays, strict=True)),
            "names": pa.array(index.names, pa.large_string()),
        }
        lists = [pa.LargeListArray.from_arrays([0, len(each)], each) for each in columns.values()]
        meta = {_META: json.dumps({"n_docs": postings.n_docs})}
        batch = pa.record_batch(lists, list(columns)).replace_schema_metadata(meta)
        with atomic(path) as temporary:
            with pa.ipc.new_file(temporary, batch.schema) as file:
                file.write_batch(batch)
            append_checksum(temporary)


def texts_digest(documents: Documents) -> str:
    """Returns the sha256 of all texts, in order, hexadecimal."""
    digest = hashlib.sha256()
    for rows in rows_of(len(documents), _BLOCK):
        for text in documents.texts(rows):
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()
