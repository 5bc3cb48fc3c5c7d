"""A stronger encoder finds the candidate closer to the query than the positive."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import RANKERS, Context, OpenedValidator, Validator, validator
from hardneg.core.records import BoolArray, Collection, FloatArray
from hardneg.validators._common import Opened, Rankers, near_positive


@validator("guide")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Guide(Validator):
    """Measures similarity to the query by a guide model, which should be stronger than the rankers.

    The evidence is the guide's similarity. Its vectors of the corpus are kept in the cache.

    Attributes:
        model: A hub id, a folder, or `default`.
        margin: The greatest distance below the positive that is suspicious, in the guide's unit.
        max_length: Tokens after which texts are cut; None for the model's own limit.
        query_prompt: Text before each query, or the name of one of the model's prompts; None for the model's
            own.
        document_prompt: Text before each document; None for the model's own.

    Source: GISTEmbed (arXiv 2402.16829).
    """

    model: str
    margin: float = 0.0
    max_length: int | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None
    kind = "score"
    weight = 1.5
    shorthand = "model"
    label = {"en": "Guide model", "ru": "Модель-наставник"}
    meaning = {
        "en": "Candidates that a stronger encoder finds as close to the query as the positive.",
        "ru": "Кандидаты, которых более сильный энкодер ставит не дальше от запроса, чем релевантный.",
    }

    def check_installed(self) -> None:
        """Checks that what loads the model is installed."""
        RANKERS.make({"dense": {"model": self.model}}).check_installed()

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator, its vectors encoded or cached."""
        own = ("model", "max_length", "query_prompt", "document_prompt")
        settings = {"name": "guide", **{name: getattr(self, name) for name in own}}
        ranker = RANKERS.make({"dense": settings}).open(collection, context)
        return Opened(dict(ranker.facts), lambda block: ranker.score(block.queries, block.docs))

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what the guide finds as close as the weakest positive, less the margin."""
        return near_positive(evidence, positive, self.margin)
