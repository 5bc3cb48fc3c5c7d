"""Chunks of one source often answer one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, OpenedValidator, Validator, validator
from hardneg.core.components.validator import Finds, Kind
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray, IntArray, folded
from hardneg.validators._common import empty_evidence, iter_rows, scatter


@validator("same-source")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SameSource(Validator):
    """Flags chunks of the document that a positive is a chunk of.

    The evidence is 1 for a candidate with the title of a positive, or with its id up to the last separator;
    0 for others.

    Attributes:
        titles: Whether documents of one title are of one source; case and spacing do not count.
        separators: What stands between a source's id and a chunk's; an id with none of them is no chunk's.
    """

    titles: bool = True
    separators: tuple[str, ...] = ("#", "_chunk")
    kind: ClassVar[Kind] = "flag"
    weight: ClassVar[float] = 1.0
    finds: ClassVar[Finds] = "same source"
    label: ClassVar[Mapping[str, str]] = {"en": "Same source", "ru": "Тот же источник"}
    meaning: ClassVar[Mapping[str, str]] = {
        "en": "Candidates from the document of a positive: of the same title, or of an id that begins alike.",
        "ru": "Кандидаты из документа релевантного фрагмента: тот же заголовок или начало идентификатора.",
    }

    def open(
        self, collection: Collection, rankers: Mapping[str, OpenedRanker], context: Context
    ) -> OpenedValidator:
        """Returns the opened validator."""
        return _Sources(collection, self)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what is of a positive's source."""
        return np.nan_to_num(evidence, nan=0.0) > 0.5


class _Sources:
    def __init__(self, collection: Collection, settings: SameSource) -> None:
        self.facts: dict[str, Any] = {}
        self._documents = collection.documents
        self._judgments = collection.judgments
        self._settings = settings

    def evidence(self, candidates: Candidates) -> FloatArray:
        evidence = empty_evidence(candidates)
        for row, docs in iter_rows(candidates):
            positives = self._judgments.positives(int(candidates.queries[row]))
            same = np.zeros(len(docs), bool)
            for names in self._names(np.concatenate([docs, positives])):
                own, others = names[: len(docs)], names[len(docs) :]
                equal = (own[:, None] == others) & (own[:, None] != "")
                same |= (equal & (docs[:, None] != positives)).any(axis=1)
            scatter(candidates, row, same.astype(np.float32), evidence)
        return evidence

    def _names(self, docs: IntArray) -> list[Any]:
        """Returns each document's source, empty without one, for each way to recognise sources."""
        names = [[_prefix(name, self._settings.separators) for name in self._documents.ids(docs)]]
        if self._settings.titles:
            names.append([folded(title) for title in self._documents.titles(docs)])
        return [np.array(column, object) for column in names]


def _prefix(name: str, separators: Sequence[str]) -> str:
    """Returns an id up to the last of the separators, empty without any."""
    return name[: max([0, *(name.rfind(separator) for separator in separators)])]
