"""Students: models to train, by kind; and as rankers over a small collection, without the cache."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from hardneg.core.components import OpenedRanker
from hardneg.core.errors import ConfigError
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.evaluation.systems import model_kind
from hardneg.rankers.dense import DenseRanker
from hardneg.rankers.dense.encode import Encoder
from hardneg.rankers.dense.models import load_model, model_errors
from hardneg.rankers.dense.prompts import Prompts
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.kernels.top_k import top_k
from hardneg.rankers.pairs.local import LocalScorer
from hardneg.rankers.pairs.model import PairModel
from hardneg.training.caching_tokenizer import CachingTokenizer
from hardneg.training.train_settings import TrainSettings

Kind = Literal["dense", "static", "sparse", "cross-encoder"]

_CLASSES = {
    "dense": "SentenceTransformer",
    "static": "SentenceTransformer",
    "sparse": "SparseEncoder",
    "cross-encoder": "CrossEncoder",
}
_RATES = {"static": 0.02}
_RATE = 2e-5
_COSINE_TEMPERATURE = 0.05


class Student(NamedTuple):
    """A model of sentence-transformers to be trained, under the name that the user wrote.

    Its prompts are texts before queries and documents; `cosine` is whether its similarity is the cosine.
    """

    kind: Kind
    model: Any
    name: str
    prompts: Prompts
    cosine: bool

    @property
    def temperature(self) -> float:
        """Divisor of the scores, for losses that set none."""
        return _COSINE_TEMPERATURE if self.cosine else 1.0

    @property
    def learning_rate(self) -> float:
        """The peak learning rate unless the settings set one."""
        return _RATES.get(self.kind, _RATE)

    @property
    def library_class(self) -> str:
        """The class of sentence-transformers, from which its trainers are named."""
        return _CLASSES[self.kind]


def open_student(settings: TrainSettings) -> Student:
    """Returns the student that the settings name.

    `static:MODEL`, where MODEL is no static model, begins with MODEL's vocabulary and word embeddings.
    """
    kind, name = parse(settings.student)
    labels = {"num_labels": 1} if kind == "cross-encoder" else {}
    model = load_model(_CLASSES[kind], name, **labels)
    with model_errors(name):
        if kind == "static":
            model = _static(model)
        elif kind == "dense" and _is_static(model):
            kind = "static"
        return _described(kind, model, name, settings)


def reopen(kind: Kind, folder: Path, settings: TrainSettings) -> Student:
    """Returns a student that was saved."""
    model = load_model(_CLASSES[kind], str(folder))
    with model_errors(str(folder)):
        return _described(kind, model, str(folder), settings)


def parse(student: str) -> tuple[Kind, str]:
    """Returns (kind, model) of `KIND:MODEL`, or of a model whose configuration tells its kind."""
    prefix, _, model = student.partition(":")
    for kind in get_args(Kind):
        if prefix == kind:
            if not model:
                raise ConfigError(f'student "{student}" names no model; write {kind}:MODEL')
            return kind, model
    configured = model_kind(student)
    return next((kind for kind in get_args(Kind) if kind == configured), "dense"), student


def _described(kind: Kind, model: Any, name: str, settings: TrainSettings) -> Student:
    _shorten(model, kind, settings.max_length)
    if settings.dimensions and kind not in ("dense", "static"):
        raise ConfigError(f"dimensions are cut from dense vectors; a {kind} student has none")
    if kind == "cross-encoder":
        return Student(kind, model, name, Prompts("", ""), False)
    if kind == "sparse":
        last = model[-1]
        if getattr(last, "k", 0) > getattr(last, "hidden_dim", math.inf):  # added to a body without one
            raise ConfigError(
                f'"{name}" is too small a body for a sparse student: {last.k} terms per text are kept, '
                f"it has {last.hidden_dim}; name a masked language model, or a larger one"
            )
        prompts = Prompts(settings.query_prompt or "", settings.document_prompt or "")
        return Student(kind, model, name, prompts, False)
    encoder = Encoder(model, name, settings.query_prompt, settings.document_prompt, setting="query_prompt")
    size = model.get_embedding_dimension()
    if any(dimension >= size or dimension < 1 for dimension in settings.dimensions):
        raise ConfigError(f"dimensions must be between 1 and {size - 1}, found {settings.dimensions}")
    model.prompts = {**model.prompts, "query": encoder.prompts.query, "document": encoder.prompts.document}
    return Student(kind, model, name, encoder.prompts, encoder.normalize)


def _static(model: Any) -> Any:
    """Returns a static model; of another, one of its vocabulary and word embeddings."""
    if _is_static(model):
        return model
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    plain = json.loads(model.tokenizer.backend_tokenizer.to_str())
    tokenizer = Tokenizer.from_str(json.dumps({**plain, "truncation": None, "padding": None}))
    words = model[0].auto_model.get_input_embeddings().weight.detach().clone()
    return SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=words)], device="cpu")


def _is_static(model: Any) -> bool:
    return type(model[0]).__name__ == "StaticEmbedding"


def _shorten(model: Any, kind: Kind, max_length: int | None) -> None:
    if kind == "static":
        if max_length is not None:
            model[0].tokenizer.enable_truncation(max_length)
        model[0].tokenizer = CachingTokenizer(model[0].tokenizer)
    elif max_length is not None:
        model.max_seq_length = max_length


def as_ranker(student: Student, collection: Collection) -> OpenedRanker:
    """Returns the student's current state as a ranker, all vectors in memory."""
    if student.kind == "cross-encoder":
        return LocalScorer(PairModel(student.model, student.name), collection)
    queries = collection.queries.texts(np.arange(len(collection.queries), dtype=np.int32))
    documents = collection.documents.texts(np.arange(len(collection.documents), dtype=np.int32))
    if student.kind == "sparse":
        return InMemorySparseRanker(student.model, queries, documents)
    encoder = Encoder(student.model, student.name, student.prompts.query, student.prompts.document)
    return DenseRanker({}, Vectors.of(encoder.documents(documents)), Vectors.of(encoder.queries(queries)))


class InMemorySparseRanker:
    """Scores all documents by a sparse encoder, one block of queries at a time."""

    retrieves = True

    def __init__(self, model: Any, queries: list[str], documents: list[str]) -> None:
        self.facts: Mapping[str, Any] = {}
        query_vectors, doc_vectors = (
            encode(texts, show_progress_bar=False, convert_to_sparse_tensor=True).float().cpu()
            for encode, texts in ((model.encode_query, queries), (model.encode_document, documents))
        )
        self._queries, self._documents = query_vectors, doc_vectors.t()

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best documents of each query; see `OpenedRanker.search`."""
        return top_k(self._scores(queries), depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        scores = np.take_along_axis(self._scores(queries), np.maximum(docs, 0), axis=1)
        return np.where(docs >= 0, scores, np.float32("nan"))

    def _scores(self, queries: IntArray) -> FloatArray:
        """Returns (n_queries, n_documents) float32."""
        import torch

        vectors = self._queries.index_select(0, torch.from_numpy(queries.astype(np.int64)))
        scores: FloatArray = (vectors @ self._documents).to_dense().numpy()
        return scores
