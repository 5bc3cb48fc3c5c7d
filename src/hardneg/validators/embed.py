"""A model behind HTTP finds the candidate as close to the query as the positive."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import RANKERS, Context, OpenedValidator, Validator, validator
from hardneg.core.records import BoolArray, Collection, FloatArray
from hardneg.core.registry import settings_of
from hardneg.endpoints.settings import ServedSettings
from hardneg.validators._common import Opened, Rankers, near_positive


@validator("embed")
@dataclass(frozen=True, config=ConfigDict(extra="forbid", protected_namespaces=()))
class Embed(ServedSettings, Validator):
    """Measures similarity to the query by vectors of a server, as the ranker `embed` does.

    Attributes:
        endpoint: Base URL, as in `http://localhost:8080/v1`; `#MODEL` behind it names the model.
        model: Name of the model there; None where the server has one.
        margin: The greatest distance below the positive that is suspicious, as a cosine.
        query_prompt: Text before each query, as the model was trained.
        document_prompt: Text before each document.
        batch_size: Texts per request.
        concurrency: Requests at one time.
        max_requests: Most requests of a process, repeated ones included; None for no limit.
        max_tokens: Most tokens of a process; None for no limit.
        timeout: Seconds per request.
        retries: Most repetitions of a failed request.
        key_env: Environment variable of the key; None for `OPENAI_API_KEY`, which may be unset.
        options: Further fields of the request, as `dimensions`.
    """

    margin: float = 0.0
    query_prompt: str = ""
    document_prompt: str = ""
    kind = "score"
    weight = 1.5
    shorthand = "endpoint"
    label = {"en": "Embedding endpoint", "ru": "Сервер эмбеддингов"}
    meaning = {
        "en": "Candidates that an embedding endpoint finds as close to the query as the positive.",
        "ru": "Кандидаты, которых сервер эмбеддингов ставит не дальше от запроса, чем релевантный.",
    }

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator, its vectors asked for or cached."""
        own = {name: value for name, value in settings_of(self).items() if name != "margin"}
        ranker = RANKERS.make({"embed": own}).open(collection, context)
        return Opened(dict(ranker.facts), lambda block: ranker.score(block.queries, block.docs))

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what is as close as the weakest positive, less the margin."""
        return near_positive(evidence, positive, self.margin)
