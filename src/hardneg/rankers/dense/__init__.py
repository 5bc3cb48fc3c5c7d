"""Dense retrieval: vectors from a bi-encoder, searched exactly, or over a graph if `search` is `hnsw`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import DataError, require
from hardneg.core.records import Collection, Documents, FloatArray, IntArray, Queries
from hardneg.rankers.dense.bounded_search import scored
from hardneg.rankers.dense.encode import Encoder, Kind, Storage
from hardneg.rankers.dense.graph import SAMPLE, GraphSearch
from hardneg.rankers.dense.models import (
    Device,
    best_precision,
    check_installed,
    load_model,
    model_errors,
    search_devices,
)
from hardneg.rankers.dense.remote_encoding import EncodedTexts, encode_remotely
from hardneg.rankers.dense.store import Encode, Store, Vectors
from hardneg.rankers.dense.topk import ExactSearch
from hardneg.rankers.sharded_search import ClusterContext
from hardneg.rankers.truncation import sampled


@ranker("dense")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Dense(Ranker):
    """Ranks by the similarity (cosine or dot product, as the model says) of query and document vectors.

    Attributes:
        model: A hub id, a folder, or `default` (all-MiniLM-L6-v2 from its PyPI package).
        query_prompt: Text before each query, or the name of one of the model's prompts; None for the model's
            own or its family's published one.
        document_prompt: Text before each document; likewise.
        max_length: Tokens after which texts are cut; None for the model's own limit.
        precision: Number format of the transformer's weights and sums; `auto` for the fastest of the
            device. Pooling is always fp32, scores are summed in float64.
        device: As torch names it: `cpu`, `cuda`, `cuda:1`, `mps`; None for the fastest.
        normalize: Whether vectors are brought to length 1; None for what the model needs.
        storage: Number format of the documents' vectors in the cache: `fp16` takes half the disk of `fp32`.
            Search and scores are exact over the vectors as they are stored.
        search: `exact`, or `hnsw`: over a graph (arXiv 1603.09320), which misses some documents; its recall,
            measured on a sample, is recorded. Scores are exact with both.
        search_device: Where `exact` searches, with the same results everywhere; several as `cuda:0,cuda:1`.
            None for the device of the model, or all GPUs, where copying the documents pays, else `cpu`.
        expansion: With `hnsw`: candidates kept during a search (ef); more find more and take longer.
        revision: The hub revision to load.
        name: The ranker's name in the ledger; None for `dense`.
    """

    model: str = "default"
    query_prompt: str | None = None
    document_prompt: str | None = None
    max_length: int | None = Field(default=None, ge=1)
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    device: Device | None = None
    normalize: bool | None = None
    storage: Storage = "fp32"
    search: Literal["exact", "hnsw"] = "exact"
    search_device: str | None = None
    expansion: int = Field(default=256, ge=1)
    revision: str | None = None
    name: str | None = None
    shorthand = "model"
    comparable = True
    measures_similarity = True
    encodes = True
    compares_documents = True

    def check_installed(self) -> None:
        """Checks that what loads the model, and what builds the graph, is installed."""
        check_installed(self.model)
        if self.search == "hnsw":
            require("usearch", "hnsw")

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its vectors encoded or loaded from the cache."""
        name = self.name or "dense"
        on_model_device = self.device if (self.device or "").startswith(("cpu", "cuda")) else None
        devices = search_devices(self.search_device or on_model_device)
        encoded = self._encode_remotely(name, collection, context)
        if encoded is None:
            opened = _encode_locally(self.encoder(), collection, context, name, devices)
        else:
            vectors = encoded.vectors("document"), encoded.vectors("query")
            opened = DenseRanker(encoded.facts, *vectors, devices)
        if self.search == "hnsw":
            return GraphRanker(opened, self.expansion, context, f"{name}: build graph")
        return opened

    def _encode_remotely(self, name: str, collection: Collection, context: Context) -> EncodedTexts | None:
        """Returns what the workers of the engine have encoded; None where it has none."""
        shared = context.encoded if isinstance(context, ClusterContext) else {}
        if self not in shared and context.engine.spreads:
            shared[self] = encode_remotely(self, name, collection, context)
        encoded: EncodedTexts | None = shared.get(self)
        return encoded

    def encoder(self) -> Encoder:
        """Returns the encoder, its model loaded."""
        model = load_model("SentenceTransformer", self.model, device=self.device, revision=self.revision)
        prompts = self.query_prompt, self.document_prompt
        with model_errors(self.model):
            if self.max_length is not None:
                model.max_seq_length = self.max_length
            precision = best_precision(str(model.device)) if self.precision == "auto" else self.precision
            return Encoder(model, self.model, *prompts, self.normalize, precision, storage=self.storage)


class DenseRanker:
    """Dense retrieval over one collection, exact."""

    retrieves = True

    def __init__(
        self,
        facts: Mapping[str, Any],
        documents: Vectors,
        queries: Vectors,
        devices: Sequence[str] | None = None,
    ) -> None:
        self.facts = facts
        self.documents = documents
        self.queries = queries
        self.devices = devices

    @cached_property
    def exact(self) -> ExactSearch:
        """The search over all documents."""
        return ExactSearch(self.documents, len(self.queries), devices=self.devices)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "exact"}

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the most similar documents; see `OpenedRanker.search`."""
        return self.exact.search(self.queries.take(queries), depth)

    def part(self, begin: int, end: int, n_queries: int) -> DensePart:
        """Returns what searches some documents; see `ShardableRanker.part`."""
        return DensePart(self, begin, end, n_queries)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the similarity of given documents; see `OpenedRanker.score`."""
        return scored(self.queries.take(queries), self.documents, docs)

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: the similarity of (n,) documents to (n, m) others, NaN for -1.

        Raises:
            DataError: One is no finite 32-bit number.
        """
        similarity = scored(self.documents.take(docs), self.documents, others)
        if np.isinf(similarity).any():
            raise DataError("products of documents are no finite 32-bit numbers; normalize the vectors")
        return similarity


class DensePart:
    """Exact search of some documents of a dense ranker."""

    def __init__(self, ranker: DenseRanker, begin: int, end: int, n_queries: int) -> None:
        self._queries, self._begin, size = ranker.queries, begin, ranker.documents.size
        documents = ranker.documents.part(begin // size, -(-end // size))
        self._search = ExactSearch(documents, n_queries, devices=ranker.devices)

    def search(self, queries: IntArray, depth: int, floors: FloatArray) -> tuple[IntArray, FloatArray]:
        """Returns the most similar of these documents; see `RankerPart.search`."""
        docs, scores = self._search.search(self._queries.take(queries), depth)
        docs[docs >= 0] += self._begin
        return docs, scores


class GraphRanker:
    """Dense retrieval over a graph, built or loaded from the cache; its recall is one of the facts."""

    retrieves = True

    def __init__(self, ranker: DenseRanker, expansion: int, context: Context, stage: str) -> None:
        place = context.cache, context.progress
        self._ranker = ranker
        self._graph = GraphSearch(ranker.exact, ranker.documents, expansion, *place, stage)
        sample = np.unique(np.linspace(0, len(ranker.queries) - 1, SAMPLE).astype(np.int32))
        self.facts = {**ranker.facts, "search": self._graph.facts(ranker.queries.take(sample))}

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns similar documents; see `OpenedRanker.search`."""
        return self._graph.search(self._ranker.queries.take(queries), depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the similarity of given documents; see `OpenedRanker.score`."""
        return self._ranker.score(queries, docs)

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns the similarity of documents to others; see `DenseRanker.alike`."""
        return self._ranker.alike(docs, others)


def _encode_locally(
    encoder: Encoder, collection: Collection, context: Context, name: str, devices: Sequence[str] | None
) -> DenseRanker:
    """Returns the ranker of the vectors of documents and queries, encoded unless cached."""

    def vectors(kind: Kind, texts: Documents | Queries, encode: Encode, unit: str) -> Vectors:
        store = Store(context.cache, encoder.fingerprint(kind))
        return store.vectors(
            texts.texts, len(texts), encode, context.progress, (f"{name}: encode {unit}", unit)
        )

    cut = {
        "documents": encoder.truncation("document", sampled(collection.documents)),
        "queries": encoder.truncation("query", sampled(collection.queries)),
    }
    return DenseRanker(
        {**encoder.facts, "truncation": cut},
        vectors("document", collection.documents, encoder.documents, "documents"),
        vectors("query", collection.queries, encoder.queries, "queries"),
        devices,
    )
