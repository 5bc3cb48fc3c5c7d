"""Learned sparse retrieval (SPLADE and others): texts become weighted terms, searched exactly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import ConfigError, DataError, check_shortage
from hardneg.core.files import has_valid_checksum
from hardneg.core.hashing import code_digest
from hardneg.core.progress import Progress
from hardneg.core.records import Collection, Documents, IntArray, Queries, rows_of
from hardneg.core.state_files import fingerprint
from hardneg.rankers.cache_files import build_or_load, checked_file
from hardneg.rankers.dense.encode import Kind, model_digest
from hardneg.rankers.dense.models import DEFAULT, Device, check_installed, load_model, model_errors
from hardneg.rankers.dense.prompts import unused_prompts
from hardneg.rankers.inverted import postings
from hardneg.rankers.inverted.index import InvertedIndex, InvertedRanker, SparseRows
from hardneg.rankers.text_index import Places, TextFiles, TextIndex, with_digests
from hardneg.rankers.truncation import sampled, truncation

_BLOCK = 8_192


@ranker("sparse")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Sparse(Ranker):
    """Ranks by the dot product of sparse vectors from a sentence-transformers `SparseEncoder`.

    Attributes:
        model: A hub id or a folder.
        query_prompt: Text before each query, or the name of one of the model's prompts; None for the model's
            own.
        document_prompt: The same before each document.
        max_length: Tokens after which texts are cut; None for the model's own limit.
        max_active_dims: Most terms per text; None for the model's own limit.
        batch_size: Texts per batch.
        device: As torch names it: `cpu`, `cuda`, `mps`; None for the fastest.
        revision: The hub revision to load.
        name: The ranker's name in the ledger; None for `sparse`.
    """

    model: str
    query_prompt: str | None = None
    document_prompt: str | None = None
    max_length: int | None = Field(default=None, ge=1)
    max_active_dims: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=32, ge=1)
    device: Device | None = None
    revision: str | None = None
    name: str | None = None
    shorthand = "model"
    measures_similarity = True
    encodes = True

    def check_installed(self) -> None:
        """Checks that what loads the model is installed."""
        check_installed(self.model)

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its texts encoded or loaded from the cache.

        Raises:
            ConfigError: There is no such model, or it is no sparse encoder.
        """
        encoder = _Encoder(self._load(), self, context)
        facts = {**encoder.facts, "truncation": encoder.truncation(collection)}
        name = self.name or "sparse"
        documents = encoder.encode("document", collection.documents, f"{name}: encode documents")
        queries = encoder.encode("query", collection.queries, f"{name}: encode queries")
        n_terms = 1 + max(int(rows.terms.max(initial=0)) for rows in (documents, queries))
        index = InvertedIndex.of(documents, len(collection.documents), n_terms)
        if not context.engine.spreads:
            return InvertedRanker(index, queries, facts)
        reopen = partial(postings.map_index, postings.shared(index, context))
        return InvertedRanker(reopen(), queries, facts, reopen)

    def _load(self) -> Any:
        if self.model == DEFAULT:
            raise ConfigError("ranker sparse has no default model; name one, as in sparse:MODEL")
        model = load_model(
            "SparseEncoder",
            self.model,
            device=self.device,
            revision=self.revision,
        )
        with model_errors(self.model):
            bias = getattr(model[-1], "pre_bias", None)
            if bias is not None and not bias.any():  # the untrained module that is added to dense models
                raise ConfigError(f'model "{self.model}" is no sparse encoder; use dense:{self.model}')
            if self.max_length is not None:
                model.max_seq_length = self.max_length
            given = {"query": self.query_prompt, "document": self.document_prompt}
            own = model.prompts or {}
            chosen = {kind: own.get(text, text) for kind, text in given.items() if text is not None}
            model.prompts = {**own, **chosen}
            return model


class _Encoder:
    """Texts to sparse rows, block by block, each block kept in the cache."""

    def __init__(self, model: Any, settings: Sparse, context: Context) -> None:
        self._model = model
        self._settings = settings
        self._folder = context.cache / "sparse"
        self._progress: Progress = context.progress
        with model_errors(settings.model):
            self.facts: dict[str, Any] = {
                "weights": model_digest(model),
                "prompts": dict(sorted((model.prompts or {}).items())),
                "max_length": model.max_seq_length,
                "max_active_dims": settings.max_active_dims or model.max_active_dims,
                "batch_size": settings.batch_size,
            }
            unused = []
            if settings.query_prompt is None:
                unused = unused_prompts(model, settings.model, "rank.rankers.sparse.query_prompt")
            self.facts |= {"unused_prompts": unused} if unused else {}

    def truncation(self, collection: Collection) -> dict[str, Any]:
        """Returns how many documents and queries the model cuts, and how much of them; see `truncation`."""
        limits = getattr(self._model, "tokenizer", None), self._model.max_seq_length
        kinds: list[tuple[str, str, Documents | Queries]] = [
            ("documents", "document", collection.documents),
            ("queries", "query", collection.queries),
        ]
        prompts = self.facts["prompts"]
        with model_errors(self._settings.model, "encode with"):
            return {
                unit: truncation(*limits, sampled(texts), prompts.get(kind) or "")
                for unit, kind, texts in kinds
            }

    def encode(self, kind: Kind, texts: Documents | Queries, stage: str) -> SparseRows:
        """Returns the sparse rows of all of a collection's documents or queries."""
        encode = self._model.encode_query if kind == "query" else self._model.encode_document
        decides = [self.facts, self._model.device.type, kind, code_digest(_encoded, _read, _write)]
        files = TextFiles(self._folder, fingerprint(*decides), ".npz")
        others = files.others(texts.texts, len(texts), _BLOCK)
        blocks = []
        with self._progress.task(stage, len(texts), "queries" if kind == "query" else "documents") as task:
            for rows in rows_of(len(texts), _BLOCK):
                blocks.append(self._block(files, others, texts.texts(rows), encode))
                task.advance(len(rows))
        return SparseRows.concatenated(blocks)

    def _block(
        self, files: TextFiles, others: Callable[[], TextIndex], texts: list[str], encode: Callable[..., Any]
    ) -> SparseRows:
        return build_or_load(
            files.path(texts),
            lambda path: _read(path, len(texts)),
            lambda: _with_stored(texts, others().find(texts), encode, self._settings),
            with_digests(texts, _write),
            self._progress,
            "blocks",
        )


def _with_stored(
    texts: list[str], places: Places, encode: Callable[..., Any], settings: Sparse
) -> SparseRows:
    """Returns the sparse rows of texts: copied where they are stored, else encoded."""

    def stored(path: Path, rows: IntArray) -> SparseRows | None:
        block = _read(path)
        return None if block is None or rows.max() >= len(block.indptr) - 1 else block.select(rows)

    blocks, order = places.completed(texts, stored, lambda rest: _encoded(rest, encode, settings))
    return SparseRows.concatenated(blocks).select(order)


def _encoded(texts: list[str], encode: Callable[..., Any], settings: Sparse) -> SparseRows:
    with model_errors(settings.model, "encode with"):
        encoded = encode(
            texts,
            batch_size=settings.batch_size,
            max_active_dims=settings.max_active_dims,
            show_progress_bar=False,
            convert_to_sparse_tensor=True,
            save_to_cpu=True,
        ).coalesce()
        entries: IntArray = encoded.indices().numpy().astype(np.int32)
        weights = encoded.values().float().numpy()
    bad = np.flatnonzero(~np.isfinite(weights))
    if len(bad):
        raise DataError(f"the model gives NaN or infinity for the text {texts[entries[0, bad[0]]][:80]!r}")
    return SparseRows(np.searchsorted(entries[0], np.arange(len(texts) + 1)), entries[1], weights)


def _write(path: Path, rows: SparseRows) -> None:
    with checked_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, indptr=rows.indptr, terms=rows.terms, weights=rows.weights)


def _read(path: Path, count: int | None = None) -> SparseRows | None:
    """Returns a block from the cache, None if it is missing, corrupt or not of `count` texts."""
    if not has_valid_checksum(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            rows = SparseRows(file["indptr"], file["terms"], file["weights"])
        return rows if rows.is_sound and count in (None, len(rows.indptr) - 1) else None
    except Exception as error:  # whatever zipfile and Python's parser raise about its parts
        check_shortage(path, error)
        return None
