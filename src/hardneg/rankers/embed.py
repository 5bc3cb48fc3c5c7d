"""Dense retrieval with vectors from a server: OpenAI, or vLLM, TEI, llama.cpp, Ollama on one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import DataError
from hardneg.core.records import Collection, Documents, FloatArray, Queries
from hardneg.core.state_files import fingerprint
from hardneg.endpoints.arrays import Form, ServedModel
from hardneg.endpoints.settings import ServedSettings
from hardneg.rankers.dense import DenseRanker
from hardneg.rankers.dense.encode import Kind
from hardneg.rankers.dense.store import Advance, Store, Vectors

_SHARD = 1_024
"""Texts in one shard: what a killed run may have to ask for again."""


@ranker("embed")
@dataclass(frozen=True, config=ConfigDict(extra="forbid", protected_namespaces=()))
class Embed(ServedSettings, Ranker):
    """Ranks by the cosine of vectors that a server gives, by `/embeddings` as OpenAI has it.

    Attributes:
        endpoint: Base URL, as in `http://localhost:8080/v1`; `#MODEL` behind it names the model.
        model: Name of the model there; None where the server has one.
        query_prompt: Text before each query, as the model was trained.
        document_prompt: Text before each document.
        normalize: Whether vectors are brought to length 1, so that scores are cosines.
        batch_size: Texts per request.
        concurrency: Requests at one time.
        max_requests: Most requests of a process, repeated ones included; None for no limit.
        max_tokens: Most tokens of a process; None for no limit.
        timeout: Seconds per request.
        retries: Most repetitions of a failed request.
        key_env: Environment variable of the key; None for `OPENAI_API_KEY`, which may be unset.
        options: Further fields of the request, as `dimensions`.
        name: The ranker's name in the ledger; None for `embed`.
    """

    query_prompt: str = ""
    document_prompt: str = ""
    normalize: bool = True
    name: str | None = None
    shorthand = "endpoint"
    comparable = True
    measures_similarity = True
    encodes = True
    compares_documents = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its vectors asked for unless they are in the cache.

        Raises:
            DataError: The server does not give one vector of numbers for each text.
        """
        endpoint, model = self.served(["/embeddings"])
        name = self.name or "embed"
        served = ServedModel(name, endpoint, self, [Form("embeddings", partial(_body, model, self.options))])
        facts = {
            "endpoint": endpoint.url,
            "model": model,
            "query_prompt": self.query_prompt,
            "document_prompt": self.document_prompt,
            "similarity": "cosine" if self.normalize else "dot",
            "options": dict(self.options),
        }

        def vectors(kind: Kind, texts: Documents | Queries, prompt: str, unit: str) -> Vectors:
            store = Store(context.cache, _fingerprint(facts, kind))
            encode = partial(_encode, served, store, prompt, self.batch_size, self.normalize)
            stage = f"{name}: encode {unit}", unit
            return store.vectors(texts.texts, len(texts), encode, context.progress, stage, _SHARD)

        documents = vectors("document", collection.documents, self.document_prompt, "documents")
        queries = vectors("query", collection.queries, self.query_prompt, "queries")
        _check_dimensions(endpoint.url, [*documents.chunks, *queries.chunks])
        return DenseRanker(facts, documents, queries)


def _body(
    model: str | None, options: Mapping[str, Any], query: str | None, texts: Sequence[str]
) -> dict[str, Any]:
    return {"input": list(texts), "encoding_format": "float", "model": model, **options}


def _fingerprint(facts: Mapping[str, Any], kind: Kind) -> str:
    """Returns the digest of all but the texts that decides on vectors."""
    prompt = facts[f"{kind}_prompt"]
    decides = {name: value for name, value in facts.items() if not name.endswith("_prompt")}
    return fingerprint(decides, prompt)


def _encode(
    served: ServedModel,
    store: Store,
    prompt: str,
    size: int,
    normalize: bool,
    texts: list[str],
    advance: Advance,
) -> FloatArray:
    """Returns (n, dimension) float32; where it fails, what was answered is stored batch by batch."""
    batches = [texts[begin : begin + size] for begin in range(0, len(texts), size)]
    answered: list[FloatArray] = []

    def done(rows: FloatArray) -> None:
        answered.append(_normalized(served, rows, batches[len(answered)]) if normalize else rows)
        advance(len(rows))

    try:
        served.rows(((None, [prompt + text for text in batch]) for batch in batches), done)
    except BaseException:
        for batch, vectors in zip(batches, answered, strict=False):
            store.keep(batch, vectors)
        raise
    _check_dimensions(served.endpoint.url, answered)
    return np.concatenate(answered)


def _normalized(served: ServedModel, rows: FloatArray, texts: list[str]) -> FloatArray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        text = texts[int(np.argmin(lengths))]
        raise DataError(
            f"{served.endpoint.url}: the vector of the text {text[:80]!r} is zero; it has no cosine"
        )
    return np.asarray(rows / lengths, np.float32)


def _check_dimensions(url: str, vectors: Sequence[FloatArray]) -> None:
    dimensions = sorted({rows.shape[1] for rows in vectors if len(rows)})
    if len(dimensions) > 1:
        raise DataError(
            f"{url}: vectors of {dimensions[0]} and of {dimensions[1]} numbers; is the same model served as "
            "before? If not, give it another name, or empty the cache"
        )
