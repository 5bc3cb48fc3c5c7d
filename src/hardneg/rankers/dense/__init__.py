"""Dense retrieval: vectors from a bi-encoder, searched exactly unless a graph is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.rankers.dense.encode import Encoder, Storage
from hardneg.rankers.dense.graph import SAMPLE, GraphSearch
from hardneg.rankers.dense.models import load_model
from hardneg.rankers.dense.precision import best_precision
from hardneg.rankers.dense.prepared_search import ClusterContext
from hardneg.rankers.dense.remote_encoding import Encoded, encoded
from hardneg.rankers.dense.sharded_search import ShardedRanker
from hardneg.rankers.dense.store import Store, Vectors
from hardneg.rankers.dense.topk import ExactSearch


@ranker("dense")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Dense(Ranker):
    """Ranks by the similarity (cosine or dot product, as the model says) of query and document vectors.

    Attributes:
        model: A hub id, a folder, or `default` (all-MiniLM-L6-v2 from its PyPI package).
        query_prompt: Text before each query; None for the model's own or its family's published one.
        document_prompt: Text before each document; likewise.
        max_length: Tokens after which texts are cut; None for the model's own limit.
        precision: Number format of the transformer's weights and sums; `auto` for what the device is fast
            at. Pooling is always fp32, scores are summed in float64.
        device: As torch names it: `cpu`, `cuda`, `mps`; several as `cuda:0,cuda:1`; None for the best
            there is.
        normalize: Whether vectors are brought to length 1; None for what the model asks.
        storage: Number format of the documents' vectors in the cache: `fp16` takes half the disk of `fp32`.
            Search and scores are exact over the vectors as they are stored.
        search: `exact`, or `hnsw`: over a graph (arXiv 1603.09320), which misses some documents; its recall,
            measured on a sample, is recorded. Scores are exact with both.
        expansion: How many candidates a walk over the graph keeps; more find more and take longer.
        revision: The hub revision to load.
        trust_remote_code: Whether code that comes with the model may run, and pickled weights be read.
        name: The ranker's name in the ledger; None for `dense`.
    """

    model: str = "default"
    query_prompt: str | None = None
    document_prompt: str | None = None
    max_length: int | None = Field(default=None, ge=1)
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    device: str | None = None
    normalize: bool | None = None
    storage: Storage = "fp32"
    search: Literal["exact", "hnsw"] = "exact"
    expansion: int = Field(default=256, ge=1)
    revision: str | None = None
    trust_remote_code: bool = False
    name: str | None = None
    shorthand: ClassVar[str] = "model"
    comparable: ClassVar[bool] = True
    measures_similarity: ClassVar[bool] = True
    encodes: ClassVar[bool] = True
    compares_documents: ClassVar[bool] = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its vectors encoded or found in the cache."""
        name = self.name or "dense"
        known = self._encoded_remotely(name, collection, context)
        plan = context.plan if isinstance(context, ClusterContext) else None
        if known is not None and plan is not None and self.search == "exact":
            return ShardedRanker(known, name, context, plan)
        vectors = (
            _encode_local(self.encoder(), collection, context, name)
            if known is None
            else _load_encoded(known)
        )
        return DenseRanker(*vectors, context, name, self.expansion if self.search == "hnsw" else None)

    def _encoded_remotely(self, name: str, collection: Collection, context: Context) -> Encoded | None:
        """Returns what the workers of the context's engine have encoded; None where it has none."""
        known: Encoded | None = context.encoded.get(self) if isinstance(context, ClusterContext) else None
        if known is None and context.engine.spreads:
            known = encoded(self, name, collection, context)
            if isinstance(context, ClusterContext):
                context.encoded[self] = known
        return known

    def encoder(self) -> Encoder:
        """Returns the encoder, its model loaded."""
        device, *others = [None] if self.device is None else self.device.split(",")
        model = load_model(
            "SentenceTransformer",
            self.model,
            device=device,
            revision=self.revision,
            trust_remote_code=self.trust_remote_code,
        )
        if self.max_length is not None:
            model.max_seq_length = self.max_length
        precision = best_precision(str(model.device)) if self.precision == "auto" else self.precision
        prompts = self.query_prompt, self.document_prompt
        more = [device.strip() for device in others if device]
        return Encoder(model, self.model, *prompts, self.normalize, precision, more, storage=self.storage)


class DenseRanker:
    """Dense retrieval over one collection.

    Args:
        facts: What to record of the encoder.
        documents: The documents' vectors.
        queries: The queries' vectors.
        context: Where a graph is kept and who is told of the progress.
        name: The ranker's name, for people.
        expansion: How many candidates a walk over a graph keeps; None for exact search.
    """

    retrieves = True

    def __init__(
        self,
        facts: Mapping[str, Any],
        documents: Vectors,
        queries: Vectors,
        context: Context,
        name: str,
        expansion: int | None = None,
    ) -> None:
        self.facts = facts
        self._queries = queries
        self._search: ExactSearch | GraphSearch = ExactSearch(documents, len(queries))
        if expansion is not None:
            stage = f"{name}: build graph"
            graph = GraphSearch(self._search, documents, expansion, context.cache, context.progress, stage)
            sample = np.unique(np.linspace(0, len(queries) - 1, SAMPLE).astype(np.int32))
            self.facts = {**facts, "search": graph.measured(queries.take(sample))}
            self._search = graph

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the most similar documents; see `OpenedRanker.search`."""
        return self._search.search(self._queries.take(queries), depth)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the similarity of given documents; see `OpenedRanker.score`."""
        return self._search.score(self._queries.take(queries), docs)

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns (n, m) float32: the similarity of (n,) documents to (n, m) others, NaN for -1."""
        return self._search.alike(docs, others)


def _encode_local(
    encoder: Encoder, collection: Collection, context: Context, name: str
) -> tuple[Mapping[str, Any], Vectors, Vectors]:
    """Returns an encoder's facts, and the vectors of documents and queries, which it makes if need be."""
    documents, queries = collection.documents, collection.queries
    return (
        encoder.facts,
        Store(context.cache, encoder.fingerprint("document")).vectors(
            documents.texts,
            len(documents),
            encoder.documents,
            context.progress,
            (f"{name}: encode documents", "documents"),
        ),
        Store(context.cache, encoder.fingerprint("query")).vectors(
            queries.texts,
            len(queries),
            encoder.queries,
            context.progress,
            (f"{name}: encode queries", "queries"),
        ),
    )


def _load_encoded(known: Encoded) -> tuple[Mapping[str, Any], Vectors, Vectors]:
    return known.facts, known.vectors("document"), known.vectors("query")
