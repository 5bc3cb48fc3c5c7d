"""Texts to unit vectors with the model given, each distinct text once, kept on disk if asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hardneg.compat._settings import LOG, InvalidArgument
from hardneg.core.errors import DataError, unknown_name
from hardneg.core.progress import Progress
from hardneg.core.records import FloatArray, rows_of
from hardneg.rankers.dense.encode import Encoder
from hardneg.rankers.dense.store import SHARD, Advance, Encode, Store, Vectors

Kind = Literal["query", "document"]
_NAMES: dict[Kind, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage", "corpus")}
_LENGTH = 512
_LONGEST = 1 << 20


class Workers:
    """A model's pool of processes, started when it is first needed and stopped at the end of the block.

    Args:
        model: A `SentenceTransformer` or `CrossEncoder`.
        devices: The `use_multi_process` argument.
    """

    def __init__(self, model: Any, devices: list[str] | bool) -> None:
        self._model = model
        self._devices = devices
        self._stack = ExitStack()
        self._pool: Any = None

    def __enter__(self) -> Workers:
        """Starts nothing yet."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stops the processes, if there are any."""
        self._stack.close()

    def options(self) -> dict[str, Any]:
        """Returns what to pass to the model for it to use the pool; nothing without one."""
        if not self._devices:
            return {}
        if self._pool is None:
            devices = None if isinstance(self._devices, bool) else self._devices
            self._pool = self._model.start_multi_process_pool(target_devices=devices)
            self._stack.callback(self._model.stop_multi_process_pool, self._pool)
        return {"pool": self._pool}


class Texts:
    """Makes the vectors of queries and documents, of length 1.

    Args:
        model: A `SentenceTransformer`.
        query_prompt: Text before each query.
        document_prompt: Text before each document.
        batch_size: No batch holds more tokens than this many texts of the greatest length.
        workers: Processes to spread the work over.
        cache: A folder to keep vectors in; None to keep none.
        progress: Is told of the texts done.
    """

    def __init__(
        self,
        model: Any,
        query_prompt: str,
        document_prompt: str,
        batch_size: int,
        workers: Workers,
        cache: str | None,
        progress: Progress,
    ) -> None:
        if batch_size <= 0:
            raise InvalidArgument(f"batch_size must be a positive integer, got {batch_size}")
        self._model = model
        most = batch_size * min(model.max_seq_length or _LENGTH, _LONGEST)
        self._encoder = Encoder(model, "", query_prompt, document_prompt, True, max_tokens=int(most))
        self._batch_size = batch_size
        self._workers = workers
        self._cache = cache
        self._progress = progress

    def queries(self, texts: list[str]) -> Vectors:
        """Returns the vectors of queries."""
        encode = self._encode(self._encoder.queries, self._model.encode_query, self._encoder.prompts.query)
        return self._vectors(texts, "query", encode, ("encode queries", "queries"))

    def documents(self, texts: list[str]) -> Vectors:
        """Returns the vectors of documents."""
        prompt = self._encoder.prompts.document
        encode = self._encode(self._encoder.documents, self._model.encode_document, prompt)
        return self._vectors(texts, "document", encode, ("encode documents", "documents"))

    def _vectors(self, texts: list[str], kind: Kind, encode: Encode, what: tuple[str, str]) -> Vectors:
        if self._cache is not None:
            store = Store(Path(self._cache), self._encoder.fingerprint(kind))
            return store.vectors(
                lambda rows: [texts[row] for row in rows], len(texts), encode, self._progress, what
            )
        chunks = []
        with self._progress.task(what[0], len(texts), what[1]) as task:
            for rows in rows_of(len(texts), SHARD):
                chunks.append(encode([texts[row] for row in rows], task.advance))
        return Vectors(chunks)

    def _encode(self, alone: Encode, together: Callable[..., Any], prompt: str) -> Encode:
        """Returns what encodes in this process, or in the workers if there are to be any."""

        def encode(texts: list[str], advance: Advance) -> FloatArray:
            pool = self._workers.options()
            if not pool:
                return alone(texts, advance)
            vectors = together(
                texts,
                prompt=prompt,
                batch_size=self._batch_size,
                normalize_embeddings=True,
                show_progress_bar=False,
                **pool,
            )
            advance(len(texts))
            return _finite(np.asarray(vectors, np.float32))

        return encode


def prompt_of(model: Any, kind: Kind, prompt: str | None, name: str | None) -> str:
    """Returns the text put before each query or document, found as sentence-transformers finds it.

    Args:
        model: A `SentenceTransformer`.
        kind: What is encoded.
        prompt: The prompt itself; it comes before `name`.
        name: The name of one of the model's prompts; None for the model's own choice.

    Raises:
        InvalidArgument: The model has no prompt of this name.
    """
    if prompt is not None:
        if name is not None:
            LOG.warning("both a %s prompt and a prompt name are given; the name is ignored", kind)
        return prompt
    prompts = model.prompts or {}
    if name is not None and name not in prompts:
        raise InvalidArgument(str(unknown_name("prompt", name, prompts)))
    own = (known for known in _NAMES[kind] if known in prompts)
    return prompts.get(name or next(own, model.default_prompt_name)) or ""


def _finite(vectors: FloatArray) -> FloatArray:
    if not np.isfinite(vectors).all():
        raise DataError("the model gives a vector with NaN or infinity")
    return vectors
