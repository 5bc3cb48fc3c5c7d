"""Texts to vectors with a sentence-transformers model."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

import numpy as np

from hardneg.errors import ConfigError, DataError
from hardneg.rank.dense.prompts import Prompts, known_prompts
from hardneg.records import FloatArray

Precision = Literal["fp32", "bf16", "fp16"]
_CHARACTERS_A_TOKEN = 4
_TOKENS_A_BATCH = {"cpu": 2_048}
_TOKENS_A_BATCH_ON_GPU = 32_768


class Encoder:
    """Encodes queries and documents; equal settings and texts give equal vectors on one machine.

    Args:
        model: A loaded `SentenceTransformer`.
        name: The name it was asked for, by which its family's prompts are known.
        query_prompt: Text before each query; None for the model's own, or its family's.
        document_prompt: Text before each document; None for the model's own, or its family's.
        normalize: Whether vectors are brought to length 1, so that dot products are cosines; None for
            what the model's similarity function asks.

    Raises:
        ConfigError: The model's similarity is neither cosine nor dot product.
    """

    def __init__(
        self,
        model: Any,
        name: str,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        normalize: bool | None = None,
    ) -> None:
        self._model = model
        own = _own_prompts(model) or known_prompts(name) or Prompts("", "")
        self.prompts = Prompts(
            own.query if query_prompt is None else query_prompt,
            own.document if document_prompt is None else document_prompt,
        )
        similarity = str(getattr(model, "similarity_fn_name", None) or "cosine")
        if normalize is None and similarity not in ("cosine", "dot"):
            raise ConfigError(f"{name} measures {similarity} distance; dense rankers need cosine or dot")
        self.normalize = similarity == "cosine" if normalize is None else normalize
        self.digest = model_digest(model)

    @property
    def facts(self) -> dict[str, Any]:
        """What makes the vectors what they are, for `run.json`."""
        parameter = next(iter(self._model.parameters()), None)
        cut = getattr(self._model, "truncate_dim", None)
        facts: dict[str, Any] = {} if cut is None else {"dimensions": cut}
        return facts | {
            "weights": self.digest,
            "query_prompt": self.prompts.query,
            "document_prompt": self.prompts.document,
            "max_length": self._model.max_seq_length,
            "precision": "none" if parameter is None else str(parameter.dtype).removeprefix("torch."),
            "similarity": "cosine" if self.normalize else "dot",
        }

    def fingerprint(self, kind: Literal["query", "document"]) -> str:
        """Returns the digest of all that queries' (or documents') vectors depend on but the texts."""
        facts = {**self.facts, "kind": kind, "device": self._model.device.type}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def queries(self, texts: list[str]) -> FloatArray:
        """Returns (n, dimension) float32: the vectors of queries."""
        return self._encode(texts, self._model.encode_query, self.prompts.query)

    def documents(self, texts: list[str]) -> FloatArray:
        """Returns (n, dimension) float32: the vectors of documents."""
        return self._encode(texts, self._model.encode_document, self.prompts.document)

    def _encode(self, texts: list[str], encode: Any, prompt: str) -> FloatArray:
        order = np.argsort([-len(text) for text in texts], kind="stable")
        parts = []
        for batch in self._batches([texts[i] for i in order]):
            parts.append(
                encode(
                    batch,
                    prompt=prompt,
                    batch_size=len(batch),
                    normalize_embeddings=self.normalize,
                    show_progress_bar=False,
                    convert_to_tensor=True,
                )
                .float()
                .cpu()
                .numpy()
            )
        vectors = np.empty((len(texts), parts[0].shape[1]), np.float32)
        vectors[order] = np.concatenate(parts)
        _check_finite(vectors, texts)
        return vectors

    def _batches(self, texts: list[str]) -> list[list[str]]:
        """Cuts texts, the longest first, into batches of about equally many tokens."""
        longest = _CHARACTERS_A_TOKEN * (self._model.max_seq_length or 512)
        budget = _CHARACTERS_A_TOKEN * _TOKENS_A_BATCH.get(self._model.device.type, _TOKENS_A_BATCH_ON_GPU)
        batches = []
        begin = 0
        while begin < len(texts):
            size = max(1, budget // max(1, min(longest, len(texts[begin]))))
            batches.append(texts[begin : begin + min(size, 256)])
            begin += len(batches[-1])
        return batches


def _own_prompts(model: Any) -> Prompts | None:
    """Returns the prompts in the model's configuration, None if it has none."""
    prompts = {name: text for name, text in (model.prompts or {}).items() if text}
    if not prompts:
        return None
    default = prompts.get(model.default_prompt_name or "", "")
    documents = (prompts[name] for name in ("document", "passage", "corpus") if name in prompts)
    return Prompts(prompts.get("query", default), next(documents, default))


def model_digest(model: Any) -> str:
    """Returns the sha256 of a model's weights, modules and tokenizer."""
    digest = hashlib.sha256(str(model).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        digest.update(memoryview(tensor.detach().cpu().contiguous().flatten().view(_bytes()).numpy()))
    tokenizer: Any = getattr(model, "tokenizer", None)
    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(tokenizer, "to_str"):
        digest.update(tokenizer.to_str().encode())
    return digest.hexdigest()


def _bytes() -> Any:
    import torch

    return torch.uint8


def _check_finite(vectors: FloatArray, texts: list[str]) -> None:
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise DataError(f"the model gives a vector with NaN or infinity for the text {texts[bad[0]][:80]!r}")
