"""A reranker behind HTTP scores given candidates and retrieves none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import DataError
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.core.state_files import fingerprint
from hardneg.endpoints.arrays import Form, ServedModel
from hardneg.endpoints.settings import ServedSettings
from hardneg.rankers.pairs.scorer import PairScorer, Positions, Texts
from hardneg.rankers.pairs.store import PairStore


@ranker("rerank")
@dataclass(frozen=True, config=ConfigDict(extra="forbid", protected_namespaces=()))
class Rerank(ServedSettings, Ranker):
    """Scores candidates that other rankers retrieve, by a server's `/rerank` or `/score`.

    Attributes:
        endpoint: Base URL, as in `http://localhost:8080` (TEI) or `http://localhost:8000/v1`; `#MODEL` behind
            it names the model.
        model: Name of the model there; None where the server has one.
        api: How the server is asked: `documents` (`/rerank` of vLLM, Jina, Cohere, llama.cpp), `texts`
            (`/rerank` of TEI), `score` (`/score` of vLLM); `auto` for the first of these that it takes.
        batch_size: Documents per request.
        concurrency: Requests at one time.
        max_requests: Most requests of a process, repeated ones included; None for no limit.
        max_tokens: Most tokens of a process; None for no limit.
        timeout: Seconds per request.
        retries: Most repetitions of a failed request.
        key_env: Environment variable of the key; None for `OPENAI_API_KEY`, which may be unset.
        options: Further fields of the request, as `raw_scores`.
        name: The ranker's name in the ledger; None for `rerank`.
    """

    api: Literal["auto", "documents", "texts", "score"] = "auto"
    name: str | None = None
    shorthand = "endpoint"
    comparable = True
    measures_similarity = True
    reranks = True

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker; nothing is asked yet."""
        endpoint, model = self.served(["/rerank", "/score"])
        facts = {"endpoint": endpoint.url, "model": model, "api": self.api, "options": dict(self.options)}
        forms = _FORMS.values() if self.api == "auto" else [_FORMS[self.api]]
        asked = [Form(path, partial(body, model, self.options)) for path, body in forms]
        name = self.name or "rerank"
        served = ServedModel(name, endpoint, self, asked)
        store = PairStore(context.cache, fingerprint("rerank", facts))
        return _ServedReranker(collection, facts, context, name, store, served, self.batch_size)


class _ServedReranker(PairScorer):
    """Scores pairs by a server; an answer is kept as soon as those before it are."""

    def __init__(
        self,
        collection: Collection,
        facts: Mapping[str, Any],
        context: Context,
        name: str,
        store: PairStore,
        served: ServedModel,
        size: int,
    ) -> None:
        super().__init__(collection, facts, context.progress, name, store)
        self._served, self._size = served, size

    def _chunk_numbers(self, queries: IntArray) -> Positions:
        """Returns chunks of one query each, of at most so many documents as a request may have."""
        starts = np.flatnonzero(np.diff(queries, prepend=-1))
        lengths = np.diff(np.append(starts, len(queries)))
        within = np.arange(len(queries)) - np.repeat(starts, lengths)
        return np.cumsum(within % self._size == 0) - 1

    def _predict(self, queries: list[str], documents: list[str]) -> FloatArray:
        found: list[FloatArray] = []
        self._predict_all([(queries, documents)], lambda number, scores: found.append(scores))
        return found[0]

    def _predict_all(self, chunks: Iterable[Texts], done: Callable[[int, FloatArray], None]) -> None:
        numbers = count()

        def take(rows: FloatArray) -> None:
            if rows.shape[1] != 1:
                raise DataError(
                    f"{self._served.endpoint.url} gives {rows.shape[1]} numbers for a pair; is it a reranker?"
                )
            done(next(numbers), rows[:, 0])

        self._served.rows(((queries[0], documents) for queries, documents in chunks), take)


def _documents(
    model: str | None, options: Mapping[str, Any], query: str | None, texts: Sequence[str]
) -> dict[str, Any]:
    return {"query": query, "documents": list(texts), "model": model, **options}


def _texts(
    model: str | None, options: Mapping[str, Any], query: str | None, texts: Sequence[str]
) -> dict[str, Any]:
    return {"query": query, "texts": list(texts), "truncate": True, **options}


def _score(
    model: str | None, options: Mapping[str, Any], query: str | None, texts: Sequence[str]
) -> dict[str, Any]:
    return {"text_1": query, "text_2": list(texts), "model": model, **options}


_FORMS = {"documents": ("rerank", _documents), "texts": ("rerank", _texts), "score": ("score", _score)}
