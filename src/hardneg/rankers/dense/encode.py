"""Texts to vectors with a sentence-transformers model."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, Literal

import numpy as np

from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import FloatArray
from hardneg.rankers.dense import forward
from hardneg.rankers.dense.models import Precision, convert, model_errors
from hardneg.rankers.dense.prompts import chosen_prompts, unused_prompts
from hardneg.rankers.dense.store import Advance
from hardneg.rankers.truncation import truncation

Kind = Literal["query", "document"]
Storage = Literal["fp32", "fp16"]
_CHARACTERS_PER_TOKEN = 4
_STATIC_BATCH = 1_024


class Encoder:
    """Encodes queries and documents; equal settings and texts give equal vectors on one machine.

    Args:
        model: A loaded `SentenceTransformer`.
        name: The model's name, from which its family's prompts are known.
        query_prompt: Text before each query, or the name of one of the model's prompts; None for the model's
            own, or its family's.
        document_prompt: The same before each document.
        normalize: Whether vectors are brought to length 1, so that dot products are cosines; None for
            what the model's similarity function needs.
        precision: Number format of the transformer, which is changed in place; None to leave it.
        max_tokens: Most tokens per batch; None for what suits the device.
        storage: Number format of documents' vectors; queries' are fp32.
        setting: The path of the setting that chooses the queries' prompt.

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
        precision: Precision | None = None,
        max_tokens: int | None = None,
        storage: Storage = "fp32",
        setting: str = "rank.rankers.dense.query_prompt",
    ) -> None:
        self._name = name
        self.prompts = chosen_prompts(model, name, query_prompt, document_prompt)
        self._unused_prompts = unused_prompts(model, name, setting) if query_prompt is None else []
        similarity = str(getattr(model, "similarity_fn_name", None) or "cosine")
        if normalize is None and similarity not in ("cosine", "dot"):
            raise ConfigError(f"{name} measures {similarity} distance; dense rankers need cosine or dot")
        self.normalize = similarity == "cosine" if normalize is None else normalize
        self._pools_in_fp32 = precision not in (None, "fp32")
        self._model = convert(model.eval(), precision or "fp32")
        budget = forward.batch_tokens(model.device.type)
        self._budget = min(budget, max_tokens or budget)
        self._storage = storage
        self.digest = model_digest(model)

    @property
    def facts(self) -> dict[str, Any]:
        """All that decides on the vectors, for `run.json`."""
        parameter = next(iter(self._model.parameters()), None)
        dimensions = getattr(self._model, "truncate_dim", None)
        facts: dict[str, Any] = {} if dimensions is None else {"dimensions": dimensions}
        facts |= {"pooled_in": "float32"} if self._pools_in_fp32 else {}
        facts |= {"storage": self._storage} if self._storage != "fp32" else {}
        limit = self._model.max_seq_length  # infinite for static models
        facts |= {"unused_prompts": self._unused_prompts} if self._unused_prompts else {}
        return facts | {
            "weights": self.digest,
            "query_prompt": self.prompts.query,
            "document_prompt": self.prompts.document,
            "max_length": None if limit == math.inf else limit,
            "precision": "none" if parameter is None else str(parameter.dtype).removeprefix("torch."),
            "similarity": "cosine" if self.normalize else "dot",
        }

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer, as its library has it; None for a model without one."""
        return getattr(self._model, "tokenizer", None)

    def fingerprint(self, kind: Kind) -> str:
        """Returns the digest of all but the texts that decides on queries' (or documents') vectors."""
        facts = {**self.facts, "kind": kind, "device": self._model.device.type}
        if kind == "query":
            facts.pop("storage", None)
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def truncation(self, kind: Kind, texts: list[str]) -> dict[str, Any]:
        """Returns how many of some texts the model cuts, and how much of them; see `truncation`."""
        prompt = self.prompts.query if kind == "query" else self.prompts.document
        with model_errors(self._name, "encode with"):
            return truncation(self.tokenizer, self._model.max_seq_length, texts, prompt)

    def queries(self, texts: list[str], advance: Advance | None = None) -> FloatArray:
        """Returns (n, dimension) float32: the vectors of queries, at least one; reports progress."""
        return self._encode(texts, "query", self.prompts.query, advance)

    def documents(self, texts: list[str], advance: Advance | None = None) -> FloatArray:
        """Returns (n, dimension) float32, or float16 as `storage` says: the vectors of documents.

        Raises:
            DataError: A number is too great for fp16.
        """
        vectors = self._encode(texts, "document", self.prompts.document, advance)
        return _to_fp16(vectors, texts) if self._storage == "fp16" else vectors

    def _encode(self, texts: list[str], kind: Kind, prompt: str, advance: Advance | None) -> FloatArray:
        """Encodes each distinct text once."""
        rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        report = advance or (lambda count: None)
        distinct = list(rows)
        job = forward.EncodingJob(kind, prompt, self.normalize, self._budget)
        vectors = None
        with model_errors(self._name, "encode with"), forward.checked_lengths(self._model):
            if hasattr(self._model, "preprocess"):  # sentence-transformers 5.2 and later
                vectors = forward.run(self._model, distinct, job, report)
            if vectors is None:
                vectors = self._encode_by_library(distinct, job, report)
        report(len(texts) - len(distinct))
        check_finite(vectors, distinct)
        return vectors if len(texts) == len(distinct) else vectors[[rows[text] for text in texts]]

    def _encode_by_library(self, texts: list[str], job: forward.EncodingJob, advance: Advance) -> FloatArray:
        """Encodes by sentence-transformers' own batches: for models that do not read rows of tokens."""
        encode = self._model.encode_query if job.kind == "query" else self._model.encode_document
        order = np.argsort([-len(text) for text in texts], kind="stable")
        blocks = []
        for batch in self._batches([texts[i] for i in order]):
            encoded = encode(
                batch,
                prompt=job.prompt,
                batch_size=len(batch),
                normalize_embeddings=False,
                show_progress_bar=False,
                convert_to_tensor=True,
            ).float()
            blocks.append((forward.normalized(encoded) if job.normalize else encoded).cpu().numpy())
            advance(len(batch))
        vectors = np.empty((len(texts), blocks[0].shape[1]), np.float32)
        vectors[order] = np.concatenate(blocks)
        return vectors

    def _batches(self, texts: list[str]) -> list[list[str]]:
        """Cuts texts, the longest first, into batches of about equally many tokens."""
        longest = _CHARACTERS_PER_TOKEN * (self._model.max_seq_length or 512)
        if math.isinf(longest):  # static embeddings have no padding and no activations
            return [texts[begin : begin + _STATIC_BATCH] for begin in range(0, len(texts), _STATIC_BATCH)]
        budget = _CHARACTERS_PER_TOKEN * self._budget
        batches = []
        begin = 0
        while begin < len(texts):
            size = max(1, budget // max(1, min(longest, len(texts[begin]))))
            batches.append(texts[begin : begin + min(size, 256)])
            begin += len(batches[-1])
        return batches


def model_digest(model: Any) -> str:
    """Returns the sha256 of a model's weights, modules and tokenizer."""
    import torch

    digest = hashlib.sha256(str(model).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        digest.update(memoryview(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()))
    tokenizer: Any = getattr(model, "tokenizer", None)
    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(tokenizer, "to_str"):
        digest.update(tokenizer.to_str().encode())
    return digest.hexdigest()


def _to_fp16(vectors: FloatArray, texts: list[str]) -> FloatArray:
    with np.errstate(over="ignore"):
        rounded: FloatArray = vectors.astype(np.float16)
    bad = np.flatnonzero(~np.isfinite(rounded).all(axis=1))
    if len(bad):
        text, largest = texts[bad[0]][:80], np.abs(vectors[bad[0]]).max()
        raise DataError(
            f"storage fp16 holds numbers up to 65,504, found {largest:,.0f} in the vector of the text "
            f"{text!r}; --set rank.rankers.dense.storage=fp32 takes it, or normalize=true"
        )
    return rounded


def check_finite(vectors: FloatArray, texts: list[str]) -> None:
    """Raises DataError, with its text, where a vector of (n, dimension) has a number that is not finite."""
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise DataError(
            "the model gives a vector with NaN or infinity, or one too long or short to normalize, for the "
            f"text {texts[bad[0]][:80]!r}"
        )
