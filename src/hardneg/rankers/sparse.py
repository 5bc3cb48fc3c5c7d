"""Learned sparse retrieval (SPLADE and its kin): texts become weighted terms, searched exactly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import append_checksum, atomic, build_once, has_valid_checksum
from hardneg.core.progress import Progress
from hardneg.core.records import Collection, IntArray, rows_of

if TYPE_CHECKING:
    from hardneg.rankers.inverted.index import Rows

_BLOCK = 8_192


@ranker("sparse")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Sparse(Ranker):
    """Ranks by the dot product of sparse vectors from a sentence-transformers `SparseEncoder`.

    Attributes:
        model: A hub id or a folder.
        max_length: Tokens after which texts are cut; None for the model's own limit.
        max_active_dims: The most terms a text keeps; None for the model's own limit.
        batch_size: Texts encoded at once.
        device: As torch names it: `cpu`, `cuda`, `mps`; None for the best there is.
        revision: The hub revision to load.
        trust_remote_code: Whether code that comes with the model may run, and pickled weights be read.
        name: The ranker's name in the ledger; None for `sparse`.
    """

    model: str
    max_length: int | None = Field(default=None, ge=1)
    max_active_dims: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=32, ge=1)
    device: str | None = None
    revision: str | None = None
    trust_remote_code: bool = False
    name: str | None = None
    shorthand: ClassVar[str] = "model"
    measures_similarity: ClassVar[bool] = True
    encodes: ClassVar[bool] = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its texts encoded or found in the cache.

        Raises:
            ConfigError: There is no such model, or it is not a sparse one.
        """
        from hardneg.rankers.inverted.index import Inverted, InvertedRanker

        encoder = _Encoder(self._load(), self, context)
        name = self.name or "sparse"
        documents = encoder.encode("document", collection.documents, f"{name}: encode documents")
        queries = encoder.encode("query", collection.queries, f"{name}: encode queries")
        n_terms = 1 + max(int(rows.terms.max(initial=0)) for rows in (documents, queries))
        index = Inverted.of(documents, len(collection.documents), n_terms)
        return InvertedRanker(index, queries, encoder.facts)

    def _load(self) -> Any:
        from hardneg.rankers.dense.models import DEFAULT, load_model

        if self.model == DEFAULT:
            raise ConfigError("ranker sparse has no default model; name one, as in sparse:MODEL")
        model = load_model(
            "SparseEncoder",
            self.model,
            device=self.device,
            revision=self.revision,
            trust_remote_code=self.trust_remote_code,
        )
        untrained = getattr(model[-1], "pre_bias", None)
        if untrained is not None and not untrained.any():  # what sentence-transformers adds to dense models
            raise ConfigError(f'model "{self.model}" is no sparse encoder; use dense:{self.model}')
        if self.max_length is not None:
            model.max_seq_length = self.max_length
        return model


class _Encoder:
    """Texts to sparse rows, block by block, each block kept in the cache."""

    def __init__(self, model: Any, settings: Sparse, context: Context) -> None:
        from hardneg.rankers.dense.encode import model_digest

        self._model = model
        self._settings = settings
        self._folder = context.cache / "sparse"
        self._progress: Progress = context.progress
        self.facts: dict[str, Any] = {
            "weights": model_digest(model),
            "prompts": dict(sorted((model.prompts or {}).items())),
            "max_length": model.max_seq_length,
            "max_active_dims": settings.max_active_dims or model.max_active_dims,
            "batch_size": settings.batch_size,
        }

    def encode(self, kind: str, texts: Any, stage: str) -> Rows:
        """Returns the sparse rows of all of a collection's documents or queries."""
        from hardneg.rankers.inverted.index import Rows

        encode = self._model.encode_query if kind == "query" else self._model.encode_document
        blocks = []
        with self._progress.task(stage, len(texts), "queries" if kind == "query" else "documents") as task:
            for rows in rows_of(len(texts), _BLOCK):
                blocks.append(self._block(kind, texts.texts(rows), encode))
                task.advance(len(rows))
        return Rows.joined(blocks)

    def _block(self, kind: str, texts: list[str], encode: Callable[..., Any]) -> Rows:
        asked = json.dumps([self.facts, self._model.device.type, kind, texts], sort_keys=True)
        path = self._folder / f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.npz"
        return build_once(
            lambda: _read(path),
            lambda: self._made(path, self._rows(texts, encode)),
            self._folder,
            lambda: self._progress.task("wait for another process", None, "blocks"),
        )

    def _made(self, path: Path, rows: Rows) -> Rows:
        with atomic(path) as temporary:
            with temporary.open("wb") as file:
                np.savez(file, begins=rows.begins, terms=rows.terms, weights=rows.weights)
            append_checksum(temporary)
        return rows

    def _rows(self, texts: list[str], encode: Callable[..., Any]) -> Rows:
        from hardneg.rankers.inverted.index import Rows

        encoded = encode(
            texts,
            batch_size=self._settings.batch_size,
            max_active_dims=self._settings.max_active_dims,
            show_progress_bar=False,
            convert_to_sparse_tensor=True,
            save_to_cpu=True,
        ).coalesce()
        places: IntArray = encoded.indices().numpy().astype(np.int32)
        weights = encoded.values().float().numpy()
        bad = np.flatnonzero(~np.isfinite(weights))
        if len(bad):
            raise DataError(f"the model gives NaN or infinity for the text {texts[places[0, bad[0]]][:80]!r}")
        return Rows(np.searchsorted(places[0], np.arange(len(texts) + 1)), places[1], weights)


def _read(path: Path) -> Rows | None:
    """Returns a block from the cache, None if it is not there or damaged."""
    import zipfile

    from hardneg.rankers.inverted.index import Rows

    if not has_valid_checksum(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            return Rows(file["begins"], file["terms"], file["weights"])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None
