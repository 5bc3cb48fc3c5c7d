"""A reranker behind HTTP scores the candidate as high as the positive."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import RANKERS, Context, OpenedValidator, Validator, validator
from hardneg.core.records import BoolArray, Collection, FloatArray
from hardneg.core.registry import settings_of
from hardneg.endpoints.settings import ServedSettings
from hardneg.validators._common import PairEvidence, Rankers, near_positive

_OWN = ("depth", "margin", "relative_margin", "maximum", "only_chosen")


@validator("rerank")
@dataclass(frozen=True, config=ConfigDict(extra="forbid", protected_namespaces=()))
class Rerank(ServedSettings, Validator):
    """Scores the first candidates of every query, and its positives, with a reranker behind HTTP.

    Attributes:
        endpoint: Base URL, as in `http://localhost:8080` (TEI) or `http://localhost:8000/v1`; `#MODEL` behind
            it names the model.
        model: Name of the model there; None where the server has one.
        api: How the server is asked, as for the ranker `rerank`: `auto`, `documents`, `texts` or `score`.
        depth: Ranks of the pool that it reads.
        margin: The greatest distance below the positive's score that is suspicious, in the model's unit.
        relative_margin: The same as a fraction of the positive's score.
        maximum: The least score that makes any candidate suspicious; None for no such bound.
        only_chosen: Whether it reads only candidates that would be chosen, besides the positives and the
            queries that are learned from: fewer pairs, and what is rejected unread stays so.
        batch_size: Documents per request.
        concurrency: Requests at one time.
        max_requests: Most requests of a process, repeated ones included; None for no limit.
        max_tokens: Most tokens of a process; None for no limit.
        timeout: Seconds per request.
        retries: Most repetitions of a failed request.
        key_env: Environment variable of the key; None for `OPENAI_API_KEY`, which may be unset.
        options: Further fields of the request, as `raw_scores`.
    """

    api: Literal["auto", "documents", "texts", "score"] = "auto"
    depth: int = Field(default=30, ge=1)
    margin: float = 0.0
    relative_margin: float = 0.0
    maximum: float | None = None
    only_chosen: bool = False
    kind = "score"
    weight = 2.0
    shorthand = "endpoint"
    label = {"en": "Reranking endpoint", "ru": "Сервер реранкера"}
    meaning = {
        "en": "Candidates that a reranker behind HTTP scores as high as the positive.",
        "ru": "Кандидаты, которых реранкер на сервере оценивает не ниже релевантного.",
    }

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator; nothing is asked yet."""
        own = {name: value for name, value in settings_of(self).items() if name not in _OWN}
        ranker = RANKERS.make({"rerank": own}).open(collection, context)
        return PairEvidence(ranker, collection, self.depth)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what scores as high as the weakest positive less the margins, or as `maximum`."""
        return near_positive(evidence, positive, self.margin, self.relative_margin, self.maximum)
