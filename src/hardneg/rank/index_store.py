"""Inverted indexes on disk: an Arrow file each, named by what it was made from, mapped when it is read."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hardneg.files import atomic
from hardneg.rank.inverted import Inverted
from hardneg.records import Documents, rows_of

_META = b"hardneg"
_BLOCK = 8_192
_KINDS: dict[str, Any] = {"begins": np.int64, "docs": np.int32, "weights": np.float32}
_LOG = logging.getLogger("hardneg.rank")


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
    """Keeps indexes in a folder. A file carries the digest of its content and is checked when it is read.

    Args:
        folder: Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, made_from: Mapping[str, Any]) -> Path:
        """Returns where the index made from just this lies, or would lie."""
        named = json.dumps(made_from, sort_keys=True, ensure_ascii=False)
        return self._folder / f"{hashlib.sha256(named.encode()).hexdigest()[:32]}.arrow"

    def read(self, path: Path) -> Index | None:
        """Returns an index, its arrays mapped; None if it is not there or damaged, which is logged."""
        if not path.exists():
            return None
        try:
            with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as opened:
                batch = opened.get_batch(0)
                meta = json.loads(opened.schema.metadata[_META])
            arrays = [_values(batch, name, kind) for name, kind in _KINDS.items()]
            if _digest([*arrays, *_buffers(batch["names"].values)]) != meta["digest"]:
                raise ValueError("its digest is not that of its content")
            begins, docs, weights = arrays
            return Index(Inverted(begins, docs, weights, meta["n_docs"]), batch["names"].values.to_pylist())
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
            _LOG.warning("%s is damaged and is made again: %s", path, str(error).splitlines()[0])
            return None

    def write(self, path: Path, index: Index) -> None:
        """Writes an index atomically.

        Raises:
            DataError: It cannot be written.
        """
        postings = index.postings
        arrays = [postings.begins, postings.docs, postings.weights]
        names = pa.array(index.names, pa.large_string())
        meta = {"digest": _digest([*arrays, *_buffers(names)]), "n_docs": postings.n_docs}
        columns = dict(zip([*_KINDS, "names"], [*map(pa.array, arrays), names], strict=True))
        lists = [pa.LargeListArray.from_arrays([0, len(each)], each) for each in columns.values()]
        batch = pa.record_batch(lists, list(columns)).replace_schema_metadata({_META: json.dumps(meta)})
        with atomic(path) as temporary, pa.ipc.new_file(temporary, batch.schema) as file:
            file.write_batch(batch)


def texts_digest(documents: Documents) -> str:
    """Returns the sha256 of all texts, in order, hexadecimal."""
    digest = hashlib.sha256()
    for rows in rows_of(len(documents), _BLOCK):
        for text in documents.texts(rows):
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()


def _values(batch: pa.RecordBatch, name: str, kind: Any) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = batch[name].values.to_numpy(zero_copy_only=True)
    if found.dtype != kind:
        raise ValueError(f"{name} is of {found.dtype}")
    return found


def _buffers(names: pa.Array) -> list[Any]:
    return [buffer for buffer in names.buffers() if buffer is not None]


def _digest(parts: list[Any]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(memoryview(part).cast("B"))
    return digest.hexdigest()
